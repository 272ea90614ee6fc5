"""Sheets for tests, made in memory: what the reader makes of files is tested elsewhere."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from lib.sheet import Sheet

_TEXT = "string[pyarrow]"


def make_sheet(
    columns: Mapping[str, Sequence[str]],
    *,
    first_row: int = 2,
    rows: Sequence[int] | None = None,
    flags: Iterable[tuple[int, str, str]] = (),
    filename: str = "list.csv",
) -> Sheet:
    """Make a sheet of these columns; ``flags`` are (row, column, code)."""
    frame = pd.DataFrame({name: list(cells) for name, cells in columns.items()}, dtype=_TEXT)
    numbers = rows if rows is not None else range(first_row, first_row + len(frame))
    frame.index = pd.Index(list(numbers), dtype="int64", name="row")
    return Sheet(
        id="0" * 64,
        filename=filename,
        frame=frame,
        first_row=int(frame.index[0]) if len(frame) else first_row,
        worksheet=None,
        worksheets=(),
        notes=(),
        flags=pd.DataFrame(list(flags), columns=["row", "column", "code"]),
    )
