"""Callbacks of widgets that run to their end."""

from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState


def never_interrupt_callbacks() -> None:
    """Make Streamlit wait for a callback to return before it handles the visitor's next action.

    Streamlit interrupts a script at its next command or access to the session state, inside of
    callbacks too. It does not call the callback again, so what the visitor had typed or chosen
    would not be saved. No option turns this off. Call this once, when the process starts.
    """
    handle = ScriptRunner._maybe_handle_execution_control_request  # noqa: SLF001 - see above

    def handle_outside_callbacks(runner: ScriptRunner) -> None:
        if ThreadState.get().run_location != RunLocation.CALLBACK:
            handle(runner)

    setattr(ScriptRunner, handle.__name__, handle_outside_callbacks)
