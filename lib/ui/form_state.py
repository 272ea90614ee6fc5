"""The values that the widgets of a form show, which may be older than the stored ones.

A widget keeps its state once it is drawn. What the visitor has changed in a form is therefore the
difference from what its widgets showed before, not from what is stored now: another tab may have
changed that.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

_Value = TypeVar("_Value")


@dataclass
class Shown(Generic[_Value]):
    """The value that the widgets of a form show; ``turn`` has to be part of their keys."""

    value: _Value
    turn: int = 0


def shown_in(form: str, value: _Value) -> Shown[_Value]:
    """Return what a form shows; a form that has not been drawn yet will show ``value``."""
    found: Shown[_Value] = st.session_state.setdefault(_key(form), Shown(value))
    return found


def reset_form(form: str, value: object) -> None:
    """Make a form show a value: the next turn gives its widgets new keys."""
    turn = shown_in(form, value).turn + 1
    st.session_state[_key(form)] = Shown(value, turn)


def show(key: str, value: object) -> None:
    """Make the widget with this key show a value. Call it before the widget is drawn."""
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def _key(form: str) -> str:
    return f"shown_{form}"
