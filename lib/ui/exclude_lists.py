"""Exclude lists as pages show them."""

from dataclasses import dataclass, field
from typing import Final

import pandas as pd
import streamlit as st

from lib.campaign import (
    ExcludeList,
    NoNumbersError,
    add_exclude_list,
    exclude_lists,
    excluded_numbers,
    pasted_cells,
    read_listed_file,
    unplaced_numbers,
)
from lib.i18n import N_, _, ngettext
from lib.preferences import load_preferences
from lib.settings import Settings
from lib.sheet import SheetError
from lib.sheet.file_type import SHEET_TYPES
from lib.storage import StorageError
from lib.ui import auth
from lib.ui.auth import display_name
from lib.ui.countries import choose_country
from lib.ui.errors import draw_error
from lib.ui.formatting import count, literal, moment, row_list

PASTED_NAME: Final = N_("Pasted numbers")
"""The stored name of a list without a name or a file."""


def list_name(each: ExcludeList) -> str:
    """Return the name of a list; the default name is in the visitor's language."""
    return _(PASTED_NAME) if each.name == PASTED_NAME else each.name


_ADDED: Final = "exclude_added"
_PENDING: Final = "exclude_pending"
_TURN: Final = "exclude_turn"
_SHOWN_NUMBERS: Final = 1_000


@dataclass(frozen=True)
class _Pending:
    """A list to add that waits for an answer; ``refused`` as in `ListedFile`."""

    name: str
    region: str | None
    cells: pd.Series = field(repr=False)
    refused: pd.Series | None = field(repr=False)
    unplaced: int


def draw_new_list(settings: Settings) -> None:
    """Draw the form that adds a list, the questions about it, and the result."""
    if isinstance(added := st.session_state.pop(_ADDED, None), ExcludeList):
        _draw_added(added)
    pending: _Pending | None = st.session_state.get(_PENDING)
    if pending is not None:
        _draw_questions(pending, settings)
        return
    with st.expander(_("Add a list"), icon=":material/add:", expanded=not exclude_lists(settings)):
        _draw_form(settings)


def _draw_form(settings: Settings) -> None:
    turn = st.session_state.setdefault(_TURN, 0)
    name = st.text_input(_("Name"), placeholder=_("November opt-outs"), key=f"exclude_name_{turn}")
    region = choose_country(
        _("Country for numbers without a code"),
        load_preferences(auth.who(), settings).region,
        key=f"exclude_country_{turn}",
        help=_(
            "Only for numbers without a country code. To be safe, people with the same digits in "
            "other countries are excluded too."
        ),
    )
    upload, paste = st.tabs([_("Upload a file"), _("Paste numbers")])
    with upload:
        file = st.file_uploader(_("List of phone numbers"), type=SHEET_TYPES, key=f"exclude_{turn}")
    with paste:
        text = st.text_area(
            _("Phone numbers"),
            key=f"exclude_text_{turn}",
            placeholder="+1 650 555 0123",
            help=_("One per line, or separated by commas. Every number in a line counts."),
        )
    if not st.button(_("Add list"), type="primary", disabled=file is None and not text.strip()):
        return
    refused = None
    try:
        if file is None:
            cells, default_name = pasted_cells(text), PASTED_NAME
        else:
            with st.spinner(_("Reading the list")):
                cells, refused = read_listed_file(file.getvalue(), file.name, settings)
            default_name = file.name
    except (SheetError, StorageError) as error:
        draw_error(error)
        return
    unplaced = unplaced_numbers(cells) if region is None else 0
    pending = _Pending(name.strip() or default_name, region, cells, refused, unplaced)
    if refused is None and not unplaced:
        _add(pending, cells, region, settings)
        return
    st.session_state[_PENDING] = pending
    st.rerun()


def _draw_questions(pending: _Pending, settings: Settings) -> None:
    """Ask which rows to exclude, and which country numbers without a code are from."""
    with st.container(border=True, key="exclude_questions"):
        name = _(PASTED_NAME) if pending.name == PASTED_NAME else pending.name
        st.markdown(f"**{literal(name)}**")
        cells = pending.cells
        if pending.refused is not None:
            options = {
                "refused": _(
                    "Only people who unsubscribed or said no ({count} cells)",
                    count=count(len(pending.refused)),
                ),
                "all": _("Everyone in the file ({count} cells)", count=count(len(pending.cells))),
            }
            chosen = st.radio(
                _("This file says who has agreed to get messages. Whom should we exclude?"),
                list(options),
                format_func=options.__getitem__,
                key="exclude_whom",
            )
            cells = pending.refused if chosen == "refused" else pending.cells
        region = pending.region
        if pending.unplaced:
            region = choose_country(
                ngettext(
                    "{count} number has no country code. Which country is it from?",
                    "{count} numbers have no country code. Which country are they from?",
                    pending.unplaced,
                ),
                None,
                key="exclude_asked_country",
                help=_(
                    "Without a country, everyone with these digits is excluded, whatever their "
                    "country."
                ),
            )
        with st.container(horizontal=True):
            if st.button(_("Add list"), type="primary", key="exclude_confirm"):
                _add(pending, cells, region, settings)
            if st.button(_("Cancel"), key="exclude_cancel"):
                st.session_state.pop(_PENDING, None)
                st.rerun()


def _add(pending: _Pending, cells: pd.Series, region: str | None, settings: Settings) -> None:
    """Add the list and show the page again, or draw why it could not be added."""
    try:
        added = add_exclude_list(
            cells, name=pending.name, region=region, added_by=auth.name(), settings=settings
        )
    except (NoNumbersError, StorageError) as error:
        draw_error(error)
        return
    st.session_state.pop(_PENDING, None)
    st.session_state[_ADDED] = added
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    st.rerun()


def _draw_added(added: ExcludeList) -> None:
    st.success(
        ngettext(
            "Added {count} number as “{name}”.",
            "Added {count} numbers as “{name}”.",
            added.numbers,
            name=literal(list_name(added)),
        ),
        icon=":material/check_circle:",
    )
    if added.unread:
        st.warning(
            f"{unreadable_text(added)} {_('See the list below.')}", icon=":material/warning:"
        )


def draw_entries(each: ExcludeList, settings: Settings) -> None:
    """Draw the numbers of a list on request."""
    if not st.toggle(_("Show the numbers"), key=f"entries_{each.id}"):
        return
    numbers = excluded_numbers([each.id], settings)
    shown = [f"+{number}" for number in numbers[:_SHOWN_NUMBERS].to_pylist()]
    st.dataframe(
        pd.DataFrame({_("Number"): shown}), hide_index=True, alt=_("The numbers of this list")
    )
    if len(numbers) > len(shown):
        st.caption(
            _(
                "The first {shown} of {total}.",
                shown=count(len(shown)),
                total=count(len(numbers)),
            )
        )


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
