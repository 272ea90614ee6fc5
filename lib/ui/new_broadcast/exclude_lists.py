"""Step 3 of a broadcast: the exclude lists that apply to it."""

import streamlit as st

from lib.campaign import Draft, exclude_lists
from lib.i18n import _
from lib.settings import Settings
from lib.ui import navigation
from lib.ui.exclude_lists import list_name
from lib.ui.form_state import show
from lib.ui.formatting import count
from lib.ui.new_broadcast.draft import latest, save_changes


def choose_exclude_lists(draft: Draft, settings: Settings) -> None:
    """Draw the choice of the exclude lists that apply to a broadcast; by default all of them."""
    lists = {each.id: each for each in exclude_lists(settings)}
    if not lists:
        navigation.link(
            navigation.EXCLUDE_LISTS,
            _("Opt-outs? Add an exclude list"),
            icon=":material/block:",
        )
        return
    key = f"exclude_lists_{draft.id}"
    applied = [each for each in lists if each not in draft.answers.ignored_lists]

    def save_choice() -> None:
        before, after = set(st.session_state[f"{key}_shown"]), set(st.session_state[key])
        st.session_state[f"{key}_shown"] = after
        now = latest(draft, settings)
        ignored = (now.answers.ignored_lists | (before - after)) - (after - before)
        save_changes(
            now, settings, answers=now.answers.model_copy(update={"ignored_lists": ignored})
        )

    st.session_state[f"{key}_shown"] = set(applied)
    show(key, applied)
    st.multiselect(
        _("Exclude lists to apply"),
        list(lists),
        format_func=lambda each: f"{list_name(lists[each])} ({count(lists[each].numbers)})",
        placeholder=_("None: people who opted out may get this broadcast"),
        key=key,
        help=_("People on these lists are held back."),
        on_change=save_choice,
    )
