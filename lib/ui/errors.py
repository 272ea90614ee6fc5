"""Show an error: what happened, what to do, and the button that does it."""

from typing import Protocol

import streamlit as st

from lib.errors import StudioError
from lib.i18n import _
from lib.ui.formatting import literal


class DescribedError(Protocol):
    """An error with English texts that is not a `StudioError`."""

    @property
    def sentence(self) -> str:
        """What happened."""

    @property
    def action(self) -> str:
        """What to do about it."""


def error_text(error: StudioError | DescribedError) -> str:
    """Return an error as Markdown: its sentence in bold, then what to do."""
    if isinstance(error, StudioError):
        sentence, action = error.translated_sentence, error.translated_action
    else:
        sentence, action = _(error.sentence), _(error.action)
    return f"**{literal(sentence)}** {literal(action)}"


def draw_error(error: StudioError | DescribedError) -> None:
    """Draw an error. The caller draws the button that `error.action` speaks of below it."""
    st.error(error_text(error), icon=":material/error:")
