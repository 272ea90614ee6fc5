"""How a sheet was read, and the options to read it differently."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from lib.i18n import N_, _, ngettext
from lib.sheet import DELIMITERS, ENCODINGS, QUOTES, ReadOptions, Sheet
from lib.ui.formatting import literal, percent

# Prefixes of the keys of choices that read the sheet again as soon as they are made.
CHOICES: Final = ("table_", "hidden_", "worksheet_")
_QUOTES_INSIDE: Final = {
    "twice": N_("Doubled"),
    "\\": N_("With a backslash before them"),
}


def describe_reading(sheet: Sheet) -> str:
    """Return how a sheet was read: its worksheet, encoding, separator and header row."""
    found = sheet.reading
    parts = []
    if sheet.worksheet is not None:
        parts.append(_("Worksheet “{name}”", name=literal(sheet.worksheet)))
    if found.encoding is not None:
        parts.append(_("Encoding: {name}", name=_option_name(ENCODINGS, found.encoding)))
    if found.delimiter is not None:
        parts.append(_("Separator: {name}", name=_option_name(DELIMITERS, found.delimiter)))
    if found.quote == "'":
        parts.append(_("Quote character: {name}", name=_option_name(QUOTES, found.quote)))
    if found.backslashed:
        parts.append(_("Quotes inside a cell have a backslash before them"))
    if found.header_row:
        parts.append(_("Column names in row {row}", row=found.header_row))
    else:
        parts.append(_("No column names"))
    return " · ".join(parts)


def _option_name(names: dict[str, str], value: str) -> str:
    return literal(_(names[value]) if value in names else repr(value))


def choose_table(sheet: Sheet) -> ReadOptions | None:
    """Draw the choice among several tables of one sheet; return the options if it changed."""
    if len(sheet.tables) < 2:
        return None
    read = sheet.reading.table or 1
    chosen = st.selectbox(
        _("Table"),
        range(1, len(sheet.tables) + 1),
        index=read - 1,
        key=f"table_{sheet.id}",
        format_func=lambda number: _table_label(number, *sheet.tables[number - 1]),
        help=_("The sheet has several tables, one below the other. Choose the one to use."),
    )
    return _changed_options(sheet, table=chosen) if chosen != read else None


def _table_label(number: int, first: int, last: int) -> str:
    return _("Table {number}: rows {first} to {last}", number=number, first=first, last=last)


def has_open_question(sheet: Sheet) -> bool:
    """Return whether it is still undecided if hidden rows and columns are read."""
    return any(sheet.hidden) and sheet.reading.hidden is None


def choose_hidden_cells(sheet: Sheet) -> ReadOptions | None:
    """Ask whether to read hidden rows and columns; return the options if the choice changed."""
    if not any(sheet.hidden):
        return None
    chosen: bool | None = st.radio(
        _hidden_question(*sheet.hidden),
        [True, False],
        index=None if sheet.reading.hidden is None else int(not sheet.reading.hidden),
        key=f"hidden_{sheet.id}",
        format_func={True: _("Include"), False: _("Don't include")}.__getitem__,
        horizontal=True,
        help=_("Rows can be hidden by a filter or manually."),
    )
    if chosen in (None, sheet.reading.hidden):
        return None
    return _changed_options(sheet, hidden=chosen)


def _hidden_question(rows: int, columns: int) -> str:
    if not columns:
        return ngettext(
            "This worksheet has {count} hidden row. Include it?",
            "This worksheet has {count} hidden rows. Include them?",
            rows,
        )
    if not rows:
        return ngettext(
            "This worksheet has {count} hidden column. Include it?",
            "This worksheet has {count} hidden columns. Include them?",
            columns,
        )
    return _(
        "This worksheet has hidden rows ({rows}) and hidden columns ({columns}). Include them?",
        rows=rows,
        columns=columns,
    )


def draw_read_options(sheet: Sheet) -> ReadOptions | None:
    """Draw a form to correct how the file was read; return its options once it is submitted."""
    found = sheet.reading
    changes: dict[str, Any] = {}
    with (
        st.popover(_("Read incorrectly?"), icon=":material/tune:"),
        st.form(f"reading_{sheet.id}", border=False),
    ):
        if found.encoding is not None and found.delimiter is not None:
            changes = _choose_text_options(found)
        header_row = st.number_input(
            _("Header row"),
            min_value=0,
            value=found.header_row or 0,
            help=_(
                "The row number in your spreadsheet. Enter 0 if the first row is already a "
                "recipient."
            ),
        )
        last = found.last_row or int(sheet.frame.index[-1])
        last_row = st.number_input(
            _("Last row of the list"),
            min_value=1,
            value=last,
            help=_(
                "Rows below it, such as totals, are not used. Enter a larger number to include "
                "them."
            ),
        )
        if not st.form_submit_button(_("Read again"), type="primary"):
            return None
    changes["header_row"] = int(header_row)
    if last_row != last:
        changes["last_row"] = int(last_row)
    return _changed_options(sheet, **changes)


def _choose_text_options(found: ReadOptions) -> dict[str, Any]:
    encoding = _choose_option(_("Encoding"), ENCODINGS, found.encoding or "utf-8")
    delimiter = _choose_option(_("Separator"), DELIMITERS, found.delimiter or ",")
    quote = _choose_option(_("Quote character"), QUOTES, found.quote or "")
    inside = _choose_option(
        _("Quotes inside a cell"), _QUOTES_INSIDE, "\\" if found.backslashed else "twice"
    )
    return {
        "encoding": encoding,
        "delimiter": delimiter,
        "quote": quote,
        "backslashed": inside == "\\",
    }


def _changed_options(sheet: Sheet, **changes: Any) -> ReadOptions:
    """Return the options of a sheet with changes; the header and last row are detected again."""
    found = sheet.reading
    parts: dict[str, Any] = {
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "quote": found.quote,
        "backslashed": found.backslashed,
        "table": found.table,
        "hidden": found.hidden,
    }
    return ReadOptions(**(parts | changes))


def _choose_option(label: str, names: dict[str, str], found: str) -> str:
    """Draw the choice among these values, which always includes the one that was found."""
    options = list(dict.fromkeys([*names, found]))
    return st.selectbox(
        label,
        options,
        index=options.index(found),
        format_func=lambda each: _(names[each]) if each in names else repr(each),
    )


@contextmanager
def show_reading_progress(
    filename: str, *, on_cancel: Callable[[], None]
) -> Iterator[Callable[[float], None]]:
    """Show progress while a sheet is read; yield a function that takes the share that is done.

    If the visitor clicks anything or leaves the page, the next call of that function raises, which
    ends the reading without leaving files behind.
    """
    place = st.empty()
    name = literal(filename)
    with place.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=_("Reading {name}", name=name))
        st.button(
            _("Stop reading"), icon=":material/close:", key="stop_reading", on_click=on_cancel
        )

    def show_share(share: float) -> None:
        text = _("Reading {name}", name=name)
        if share:
            text = _("Reading {name}: {percent}", name=name, percent=percent(share))
        bar.progress(min(max(share, 0.0), 1.0), text=text)

    try:
        yield show_share
    finally:
        place.empty()
