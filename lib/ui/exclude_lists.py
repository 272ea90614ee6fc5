"""Exclude lists as pages show them, and which of them count for a sendout."""

import streamlit as st

from lib.campaign import Draft, ExcludeList, exclude_lists
from lib.settings import Settings
from lib.ui import formatting, navigation
from lib.ui.form_state import show
from lib.ui.formatting import literal, moment, several
from lib.ui.new_broadcast.draft import latest, save_changes


def describe(each: ExcludeList) -> None:
    """Draw what is known of a list, and what of it could not be read."""
    st.markdown(f"**{literal(each.name)}** · {several(each.numbers, 'number')}")
    st.caption(f"Added on {moment(each.added_at)} by {literal(each.added_by)}")
    if each.national:
        noun = "number has" if each.national == 1 else "numbers have"
        st.caption(
            f"{formatting.count(each.national)} {noun} no country code: everybody with these "
            "digits, in any country, is excluded."
        )
    warn_of_unread(each)


def warn_of_unread(each: ExcludeList) -> None:
    """Draw the entries of a list that could not be read, and so exclude nobody."""
    if not each.unread:
        return
    noun = "entry is" if each.unread == 1 else "entries are"
    rows = ", ".join(map(formatting.count, each.unread_rows))
    more = each.unread - len(each.unread_rows)
    rest = f" and {formatting.count(more)} more" if more else ""
    st.warning(
        f"**{formatting.count(each.unread)} {noun} unreadable, not excluded.** "
        f"Correct and add them as another list. {_lines(each.unread)} {rows}{rest}.",
        icon=":material/warning:",
    )
    if each.unread_entries:
        with st.expander("Unreadable entries", icon=":material/visibility:"):
            st.text("\n".join(each.unread_entries))
            if each.unread > len(each.unread_entries):
                st.caption(
                    f"The first {formatting.count(len(each.unread_entries))} different ones of "
                    f"{formatting.count(each.unread)}."
                )


def _lines(count: int) -> str:
    return "In line" if count == 1 else "In lines"


def choose(draft: Draft, settings: Settings) -> None:
    """Draw which exclude lists count for this sendout: all, unless a person says otherwise."""
    lists = exclude_lists(settings)
    if not lists:
        navigation.link(
            navigation.EXCLUDE_LISTS,
            "Opt-outs? Add an exclude list",
            icon=":material/block:",
        )
        return
    names = {each.id: each for each in lists}
    key = f"exclude_lists_{draft.id}"

    counting = [each for each in names if each not in draft.answers.ignored_lists]

    def remember() -> None:
        before, after = set(st.session_state[f"{key}_shown"]), set(st.session_state[key])
        st.session_state[f"{key}_shown"] = after
        now = latest(draft, settings)
        ignored = (now.answers.ignored_lists | (before - after)) - (after - before)
        save_changes(
            now, settings, answers=now.answers.model_copy(update={"ignored_lists": ignored})
        )

    st.session_state[f"{key}_shown"] = set(counting)
    show(key, counting)
    st.multiselect(
        "Exclude lists that count",
        list(names),
        format_func=lambda each: f"{names[each].name} ({formatting.count(names[each].numbers)})",
        placeholder="None: opted-out people may get this sendout",
        key=key,
        help="People on these lists are held back.",
        on_change=remember,
    )
