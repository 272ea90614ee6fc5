"""How a sheet was read, and the person's say in each part of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import streamlit as st

from lib.i18n import _
from lib.sheet import DELIMITERS, ENCODINGS, QUOTES, ReadOptions, Sheet
from lib.ui import formatting
from lib.ui.formatting import literal, several

# How the keys of the choices begin that read a sheet anew as soon as they are made.
CHOICES: Final = ("table_", "hidden_", "worksheet_")


def choose_table(sheet: Sheet) -> ReadOptions | None:
    """Let the person choose among several tables in one sheet; return a changed choice."""
    if len(sheet.tables) < 2:
        return None
    read = sheet.reading.table or 1
    chosen = st.selectbox(
        "Table",
        range(1, len(sheet.tables) + 1),
        index=read - 1,
        key=f"table_{sheet.id}",
        format_func=lambda number: _rows(number, *sheet.tables[number - 1]),
        help="The sheet holds several tables, one below the other. Each is a list of its own.",
    )
    return _form(sheet, table=chosen) if chosen != read else None


def _rows(number: int, first: int, last: int) -> str:
    return f"Table {number}: rows {formatting.count(first)} to {formatting.count(last)}"


def is_asked(sheet: Sheet) -> bool:
    """Tell whether the person has still to say if hidden rows and columns count."""
    return any(sheet.hidden) and sheet.reading.hidden is None


def choose_hidden(sheet: Sheet) -> ReadOptions | None:
    """Ask whether hidden rows and columns count; return a changed choice."""
    if not any(sheet.hidden):
        return None
    rows, columns = sheet.hidden
    parts = [several(rows, "row")] * bool(rows)
    parts += [several(columns, "column")] * bool(columns)
    chosen: bool | None = st.radio(
        f"{' and '.join(parts)} of this worksheet {_verb(rows + columns)} hidden. Read what is "
        "hidden too?",
        [True, False],
        index=None if sheet.reading.hidden is None else int(not sheet.reading.hidden),
        key=f"hidden_{sheet.id}",
        format_func={True: "Yes, read it too", False: "No, leave it out"}.__getitem__,
        horizontal=True,
        help="Rows may be hidden by a filter that is still on, or by hand.",
    )
    return None if chosen in (None, sheet.reading.hidden) else _form(sheet, hidden=chosen)


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"


def overrule(sheet: Sheet) -> ReadOptions | None:
    """Let the person overrule what was found in the file; return the reading once it is sent."""
    found = sheet.reading
    changes: dict[str, Any] = {}
    with (
        st.popover("Not read right?", icon=":material/tune:"),
        st.form(f"reading_{sheet.id}", border=False),
    ):
        if found.encoding is not None and found.delimiter is not None:
            changes = _text_parts(found)
        header_row = st.number_input(
            "Column names are in row",
            min_value=0,
            value=found.header_row or 0,
            help="As numbered in your spreadsheet. 0 if the first row is a recipient already.",
        )
        last = found.last_row or int(sheet.frame.index[-1])
        last_row = st.number_input(
            "Last row of the list",
            min_value=1,
            value=last,
            help="Rows below it are left out, such as totals. Make it larger to take them in.",
        )
        if not st.form_submit_button("Read it again", type="primary"):
            return None
    changes["header_row"] = int(header_row)
    if last_row != last:
        changes["last_row"] = int(last_row)
    return _form(sheet, **changes)


def _text_parts(found: ReadOptions) -> dict[str, Any]:
    encoding = _choose("Letters are stored as", ENCODINGS, found.encoding or "utf-8")
    delimiter = _choose("Cells are parted by", DELIMITERS, found.delimiter or ",")
    quote = _choose("Cells may be quoted by", QUOTES, found.quote or "")
    inside = _choose(
        "Quotes inside a cell are written",
        {"twice": "twice", "\\": "with a backslash before them"},
        "\\" if found.backslashed else "twice",
    )
    return {
        "encoding": encoding,
        "delimiter": delimiter,
        "quote": quote,
        "backslashed": inside == "\\",
    }


def _form(sheet: Sheet, **changes: Any) -> ReadOptions:
    """Return the parts that a person has said, now or before; the others are found anew."""
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


def _choose(label: str, names: dict[str, str], found: str) -> str:
    """Let the person choose one of these; what was found is among them, whatever it is."""
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
    """Show progress while a sheet is read; yield what has to be told the share that is done.

    A click on anything, and leaving the page, make the next telling raise: that ends the reading,
    and nothing of it is left.
    """
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        text = f"Reading {literal(filename)}"
        bar = st.progress(0.0, text=text)
        st.button("Stop reading", icon=":material/close:", key="stop_reading", on_click=on_cancel)

    def tell(share: float) -> None:
        done = f": {share:.0%}" if share else ""
        bar.progress(min(max(share, 0.0), 1.0), text=f"{text}{done}")

    try:
        yield tell
    finally:
        place.empty()
