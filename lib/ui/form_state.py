"""What the widgets of a form show, which may be older than what is stored.

A widget keeps its own state once it is drawn. What a person has changed in a form is therefore the
difference to what its widgets showed before, not to what another tab has stored meanwhile.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

_Value = TypeVar("_Value")


@dataclass
class Shown(Generic[_Value]):
    """The value that a form's widgets show; ``turn`` belongs into their keys."""

    value: _Value
    turn: int = 0


def shown_in(form: str, value: _Value) -> Shown[_Value]:
    """Return what a form shows; one that has not been drawn yet will show this value."""
    found: Shown[_Value] = st.session_state.setdefault(_key(form), Shown(value))
    return found


def show_anew(form: str, value: object) -> None:
    """Let a form show this value: with the next turn, its widgets are new ones."""
    turn = shown_in(form, value).turn + 1
    st.session_state[_key(form)] = Shown(value, turn)


def show(key: str, value: object) -> None:
    """Let the widget of this key show this value. Call it before the widget is drawn."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _key(form: str) -> str:
    return f"shown_{form}"
