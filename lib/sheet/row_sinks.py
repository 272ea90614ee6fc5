"""Destinations for the rows of a file while it is read: memory, or a scratch file on disk.

A small file is collected in memory. The rows of a large one go to a scratch file that is mapped
into memory afterwards, so that memory use does not grow with the file.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.read_options import ReadLimits

_ROW: Final = "row"
_HEADER_ROWS: Final = 1


class RowSink(ABC):
    """Destination for tables of text cells, which arrive in the order of their rows."""

    @abstractmethod
    def start(self, width: int) -> None:
        """Discard what was added, and accept rows of up to ``width`` cells from here on."""

    @abstractmethod
    def add(self, table: pa.Table) -> None:
        """Add rows. Raises SheetError too_many_rows or too_many_columns."""

    @abstractmethod
    def add_csv(
        self,
        stream: pa.NativeFile,
        reading: pacsv.ReadOptions,
        parsing: pacsv.ParseOptions,
        conversion: pacsv.ConvertOptions,
    ) -> None:
        """Parse delimited text with Arrow and add its rows. Raises what `add` and Arrow raise."""

    @abstractmethod
    def check_size(self, rows: int, columns: int) -> None:
        """Raise SheetError too_many_rows or too_many_cells if a table of columns is too large."""

    @abstractmethod
    def finish(self) -> tuple[pa.Table, pa.Array | None]:
        """Return the table, and its rows' numbers from 1 if empty rows have been removed.

        Raises SheetError empty_file if no row was added.
        """


class MemorySink(RowSink):
    """Collect all rows in memory. Rows may be of any width; short ones are padded at the end."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._tables: list[pa.Table] = []

    def start(self, width: int) -> None:  # noqa: ARG002 - the interface's
        """Discard what was added; rows may be of any width."""
        self._tables = []

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        self._tables.append(table)

    def add_csv(
        self,
        stream: pa.NativeFile,
        reading: pacsv.ReadOptions,
        parsing: pacsv.ParseOptions,
        conversion: pacsv.ConvertOptions,
    ) -> None:
        """Parse delimited text with as many threads as there are cores, and add its rows."""
        self.add(pacsv.read_csv(stream, reading, parsing, conversion))

    def check_size(self, rows: int, columns: int) -> None:
        """Raise SheetError too_many_rows or too_many_cells if a table of columns is too large."""
        self._limits.check_rows(rows)
        self._limits.check_cells(rows * columns)

    def finish(self) -> tuple[pa.Table, None]:
        """Return the table, with empty rows. Raises SheetError empty_file if no row was added."""
        if not self._tables:
            raise SheetError(SheetErrorCode.EMPTY_FILE)
        width = max(table.num_columns for table in self._tables)
        return pa.concat_tables([_padded(table, width) for table in self._tables]), None


class ScratchSink(RowSink):
    """Write the rows that are not empty to an Arrow file, each with its row number."""

    def __init__(self, path: Path, limits: ReadLimits) -> None:
        self._path, self._limits = path, limits
        self._writer: pa.RecordBatchFileWriter | None = None

    def start(self, width: int) -> None:
        """Discard what was added, and create the file for rows of up to ``width`` cells."""
        self._close()
        self._path.unlink(missing_ok=True)
        self._width = width
        fields = [pa.field(str(index), pa.string()) for index in range(width)]
        self._schema = pa.schema([*fields, pa.field(_ROW, pa.int64())])
        self._writer = pa.ipc.new_file(str(self._path), self._schema)
        self._next_row = 1
        self._row_count = 0

    def add(self, table: pa.Table) -> None:
        """Add the rows that are not empty. Raises SheetError too_many_rows or too_many_columns."""
        assert self._writer is not None
        if table.num_columns > self._width:
            code = SheetErrorCode.TOO_MANY_COLUMNS
            raise SheetError(code, found=table.num_columns, limit=self._width)
        rows = pa.array(np.arange(self._next_row, self._next_row + table.num_rows))
        self._next_row += table.num_rows
        table = _without_empty_rows(_padded(table, self._width).append_column(_ROW, rows))
        self._row_count += table.num_rows
        self._limits.check_rows(self._row_count - _HEADER_ROWS)
        self._writer.write_table(table.cast(self._schema))

    def add_csv(
        self,
        stream: pa.NativeFile,
        reading: pacsv.ReadOptions,
        parsing: pacsv.ParseOptions,
        conversion: pacsv.ConvertOptions,
    ) -> None:
        """Parse delimited text block by block, and add its rows."""
        # Threads would read ahead, and hold more of the file in memory.
        reading.use_threads = False
        for batch in pacsv.open_csv(stream, reading, parsing, conversion):
            self.add(pa.Table.from_batches([batch]))

    def check_size(self, rows: int, columns: int) -> None:
        """Accept any size: rows that are not empty are counted by `add`."""

    def finish(self) -> tuple[pa.Table, pa.Array]:
        """Return the rows that are not empty, mapped from the file, and their numbers."""
        self._close()
        table = pa.ipc.open_file(pa.memory_map(str(self._path))).read_all()
        if not table.num_rows:
            raise SheetError(SheetErrorCode.EMPTY_FILE)
        return table.drop_columns([_ROW]), table[_ROW].combine_chunks()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _padded(table: pa.Table, width: int) -> pa.Table:
    """Return the table with empty columns added up to ``width``, columns named by position."""
    if table.num_columns == width:
        return table
    blank = pa.array([""] * table.num_rows, pa.string())
    missing = [blank] * (width - table.num_columns)
    return pa.table([*table.columns, *missing], names=[str(index) for index in range(width)])


def _without_empty_rows(table: pa.Table) -> pa.Table:
    """Return the rows with at least one cell that is not blank; the last column is the number."""
    filled = pc.not_equal(pc.utf8_trim_whitespace(table[0]), "")
    for column in table.columns[1:-1]:
        if pc.all(filled).as_py():
            return table
        filled = pc.or_(filled, pc.not_equal(pc.utf8_trim_whitespace(column), ""))
    return table.filter(filled)
