"""Exclude lists as pages show them."""

from typing import Final

import streamlit as st

from lib.campaign import ExcludeList
from lib.i18n import N_, _, ngettext
from lib.ui.auth import display_name
from lib.ui.formatting import count, literal, moment, row_list

PASTED_NAME: Final = N_("Pasted numbers")
"""The stored name of a list without a name or a file."""


def list_name(each: ExcludeList) -> str:
    """Return the name of a list; the default name is in the visitor's language."""
    return _(PASTED_NAME) if each.name == PASTED_NAME else each.name


def draw_exclude_list(each: ExcludeList) -> None:
    """Draw a list: its name and size, who added it, and its unreadable entries."""
    numbers = ngettext("{count} number", "{count} numbers", each.numbers)
    st.markdown(f"**{literal(list_name(each))}** · {numbers}")
    st.caption(
        _(
            "Added on {date} by {person}",
            date=moment(each.added_at),
            person=literal(display_name(each.added_by)),
        )
    )
    if each.national:
        st.caption(
            ngettext(
                "{count} number has no country code. Everyone with these digits, in any country, "
                "is excluded.",
                "{count} numbers have no country code. Everyone with these digits, in any country, "
                "is excluded.",
                each.national,
            )
        )
    if each.unread:
        _draw_unreadable_entries(each)


def unreadable_text(each: ExcludeList) -> str:
    """Return how many entries of a list could not be read, as Markdown."""
    return ngettext(
        "{count} entry unreadable, **not excluded**.",
        "{count} entries unreadable, **not excluded**.",
        each.unread,
    )


def _draw_unreadable_entries(each: ExcludeList) -> None:
    fix = ngettext(
        "Correct it and add it as another list.",
        "Correct them and add them as another list.",
        each.unread,
    )
    st.warning(
        f"{unreadable_text(each)} {fix} {_unreadable_lines(each)}", icon=":material/warning:"
    )
    if each.unread_entries:
        with st.expander(_("Unreadable entries"), icon=":material/visibility:"):
            st.text("\n".join(each.unread_entries))
            if each.unread > len(each.unread_entries):
                st.caption(
                    _(
                        "The first {shown} different entries of {total}.",
                        shown=count(len(each.unread_entries)),
                        total=count(each.unread),
                    )
                )


def _unreadable_lines(each: ExcludeList) -> str:
    lines = row_list(each.unread_rows)
    more = each.unread - len(each.unread_rows)
    if more:
        return _("Lines: {lines} and {more} more.", lines=lines, more=count(more))
    return ngettext("Line: {lines}.", "Lines: {lines}.", each.unread, lines=lines)
