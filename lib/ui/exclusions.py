"""Exclude lists as pages show them, and which of them count for a sendout."""

import streamlit as st

from lib.campaign import Draft, ExcludeList, exclude_lists
from lib.settings import Settings
from lib.ui import places, words
from lib.ui.draft import keep


def describe(each: ExcludeList) -> None:
    """Draw what is known of a list."""
    st.markdown(f"**{words.literal(each.name)}** · {words.several(each.numbers, 'number')}")
    st.caption(
        f"Added on {words.moment(each.added_at)} by {words.literal(each.added_by)}"
        + (f"  \n{_unread(each)}" if each.unread else "")
    )


def _unread(each: ExcludeList) -> str:
    rows = ", ".join(map(words.count, each.unread_rows))
    more = each.unread - len(each.unread_rows)
    rest = f" and {words.count(more)} more" if more else ""
    noun = "line is" if each.unread == 1 else "lines are"
    return f"{words.count(each.unread)} {noun} no phone number and not on the list: {rows}{rest}"


def choose(draft: Draft, settings: Settings) -> None:
    """Draw which exclude lists count for this sendout: all, unless a person says otherwise."""
    lists = exclude_lists(settings)
    if not lists:
        places.link(
            places.EXCLUDE_LISTS,
            "Opt-outs? Add an exclude list",
            icon=":material/block:",
        )
        return
    names = {each.id: each for each in lists}
    key = f"exclude_lists_{draft.id}"

    def remember() -> None:
        ignored = frozenset(names) - set(st.session_state[key])
        answers = draft.answers.model_copy(update={"ignored_lists": ignored})
        keep(draft, settings, answers=answers)

    st.multiselect(
        "Exclude lists that count",
        list(names),
        default=[each for each in names if each not in draft.answers.ignored_lists],
        format_func=lambda each: f"{names[each].name} ({words.count(names[each].numbers)})",
        placeholder="None: opted-out people may get this sendout",
        key=key,
        help="People on these lists are held back.",
        on_change=remember,
    )
