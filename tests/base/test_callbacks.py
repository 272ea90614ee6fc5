"""Callbacks of widgets save what was typed, also when the next action arrives meanwhile."""

import pytest
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.testing.v1 import AppTest

from lib.ui.callbacks import never_interrupt_callbacks


def _page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import (
        RerunData,
        get_script_run_ctx,
    )

    def save() -> None:
        context = get_script_run_ctx()
        assert context is not None
        assert context.script_requests is not None
        context.script_requests.request_rerun(RerunData())  # the visitor's next action
        st.session_state["saved"] = st.session_state["name"]

    st.text_input("Name", key="name", on_change=save)
    st.write(f"Saved: {st.session_state.get('saved')}")


@pytest.fixture
def _as_the_app_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call what the app calls when it starts, and undo it after the test."""
    name = "_maybe_handle_execution_control_request"
    monkeypatch.setattr(ScriptRunner, name, getattr(ScriptRunner, name))
    never_interrupt_callbacks()


@pytest.mark.usefixtures("_as_the_app_starts")
def test_the_next_action_does_not_interrupt_a_callback() -> None:
    page = AppTest.from_function(_page).run()

    page.text_input("name").set_value("Bea").run()

    assert page.markdown[0].value == "Saved: Bea"
