"""Records of a text line by line, those mended that a stray mark has broken.

Most lines part into as many cells as the table has columns. Where one does not, a quotation mark
that stands for itself or a delimiter too many is the usual cause: the line is read in the way that
needs the fewest exceptions and gives the right number of cells. What can't be read in any such way
stays as it is, and is said.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lib.sheet.table.cell_types import fit
from lib.sheet.text.dialect import Dialect

OTHER_SIGNS: Final = (",", ";", "\t", "|", " ")
# One quoted cell with more line breaks than this is rather a mark that was never closed.
_MAX_LINES: Final = 5_000
_MAX_MARKS: Final = 400
_LONGEST_LINE: Final = 100_000


@dataclass
class LineReader:
    """Parts lines into records. ``width`` cells are usual, of these ``kinds``; 0 is any number."""

    dialect: Dialect
    width: int = 0
    kinds: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    _before: int = 0
    _feed: list[str] = field(default_factory=list)
    _parser: Iterator[list[str]] | None = None

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield a record for each line, or for several where line breaks stand inside quotes."""
        csv.field_size_limit(2**31 - 1)
        source = _Lines(lines)
        quote = self.dialect.quote
        for line in source:
            bare = line.rstrip("\r\n")
            if not quote or quote not in bare:
                cells = self._plain(bare)
            elif bare.count(quote) % 2 == 0:
                cells = self._quoted(bare)
            else:
                cells = self._open(line, source)
            # Several of one width in a row are rather another table than a slip in each.
            if 0 < self.width < len(cells) != self._before:
                self._before = len(cells)
                cells = self._without_empty(cells)
            else:
                self._before = len(cells)
            yield cells

    def _plain(self, line: str) -> list[str]:
        cells = line.split(self.dialect.sign) if line else []
        if self.dialect.spaced:
            cells = [cell.lstrip(" ") for cell in cells]
        if line and len(cells) != self.width and (other := self._by_another_sign(line)):
            return other
        return cells

    def _quoted(self, line: str) -> list[str]:
        cells = self._strict(line)
        if self.width and (len(cells) != self.width or _has_marks(cells, self.dialect.quote)):
            if (
                mended := repair_row(line, self.dialect, self.width)
            ) is not None and mended != cells:
                self._say("quotes_mended")
                return mended
            if len(cells) != self.width and (other := self._by_another_sign(line)):
                return other
        return cells

    def _open(self, line: str, source: "_Lines") -> list[str]:
        """Read a line whose quotation marks do not pair up: on to where they do, or alone."""
        taken = source.until_closed(line, self.dialect.quote)
        if taken is not None:
            whole = line + "".join(taken)
            cells = self._strict(whole.rstrip("\r\n"))
            tidy = is_tidy(whole.rstrip("\r\n"), self.dialect)
            if tidy and (not self.width or len(cells) <= self.width):
                return cells
            source.give_back(taken)
        bare = line.rstrip("\r\n")
        self._say("quotes_mended")
        if self.width and (mended := repair_row(bare, self.dialect, self.width)) is not None:
            return mended
        cells = bare.split(self.dialect.sign)
        return [cell.lstrip(" ") for cell in cells] if self.dialect.spaced else cells

    def _strict(self, text: str) -> list[str]:
        if "\n" in text or "\r" in text:
            return next(self.dialect.records(io.StringIO(text, newline="")), [])
        # One parser for all lines: making one costs more than a line.
        if self._parser is None:
            self._parser = self.dialect.records(iter(self._feed.pop, None))
        self._feed.append(text)
        try:
            return next(self._parser)
        except IndexError:
            # The line leaves a cell open, and the parser has asked for more.
            self._parser = None
            return next(self.dialect.records([text]), [])

    def _by_another_sign(self, line: str) -> list[str] | None:
        """Return a line's cells if another sign parts it into just as many as are usual."""
        if self.width < 3:
            # One sign in a line of text proves nothing.
            return None
        for sign in OTHER_SIGNS:
            if sign == " " and not line.startswith(self.dialect.quote or "\0"):
                continue
            if sign != self.dialect.sign and line.count(sign) >= self.width - 1:
                cells = next(csv.reader([line], delimiter=sign), [])
                if len(cells) == self.width:
                    self._say("odd_rows")
                    return cells
        return None

    def _without_empty(self, cells: list[str]) -> list[str]:
        """Leave out an empty cell too many, where only one place of it makes the others fit."""
        if len(cells) != self.width + 1 or len(self.kinds) != self.width:
            return cells
        ways = {
            tuple(cells[:at] + cells[at + 1 :]) for at, cell in enumerate(cells) if not cell.strip()
        }
        ranked = sorted(ways, key=lambda way: -fit(way, self.kinds))
        if not ranked or (len(ranked) > 1 and _equal(ranked[0], ranked[1], self.kinds)):
            return cells
        self._say("empty_cells_left_out")
        return list(ranked[0])

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _equal(one: Sequence[str], other: Sequence[str], kinds: Sequence[str]) -> bool:
    return fit(one, kinds) == fit(other, kinds)


def _has_marks(cells: Sequence[str], quote: str) -> bool:
    """Tell whether a quotation mark is left at an end of a cell, as where one was not escaped."""
    return quote in "".join(cells) and any(
        cell[0] == quote or cell[-1] == quote for cell in cells if quote in cell
    )


class _Lines:
    """Lines that can be given back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            yield line

    def _next(self) -> str | None:
        return self._back.pop() if self._back else next(self._lines, None)

    def give_back(self, lines: Sequence[str]) -> None:
        """Take lines back, to be read again."""
        self._back.extend(reversed(lines))

    def until_closed(self, line: str, quote: str) -> list[str] | None:
        """Return the lines up to the one that closes the quotes; None where none does."""
        taken: list[str] = []
        marks = line.count(quote)
        while len(taken) < _MAX_LINES:
            following = self._next()
            if following is None:
                break
            taken.append(following)
            marks += following.count(quote)
            if marks % 2 == 0:
                return taken
        self.give_back(taken)
        return None


def is_tidy(text: str, dialect: Dialect) -> bool:
    """Tell whether each quoted cell opens where a cell begins and closes where it ends."""
    quote, sign = dialect.quote, dialect.sign
    at = 0
    while True:
        if dialect.spaced:
            while text[at : at + 1] == " ":
                at += 1
        if text[at : at + 1] == quote:
            at = _close(text, at + 1, quote)
            if at < 0 or (text[at : at + 1] not in ("", sign)):
                return False
        else:
            end = text.find(sign, at)
            cell = text[at:] if end < 0 else text[at:end]
            if quote in cell:
                return False
            at = len(text) if end < 0 else end
        if at >= len(text):
            return True
        at += 1


def _close(text: str, at: int, quote: str) -> int:
    """Return where a quoted cell ends, after its closing mark; -1 where it doesn't."""
    while (end := text.find(quote, at)) >= 0:
        if text[end + 1 : end + 2] != quote:
            return end + 1
        at = end + 2
    return -1


class _Way(NamedTuple):
    """How a line was read so far: exceptions needed, cells found."""

    cost: int
    cells: tuple[str, ...]


def repair_row(line: str, dialect: Dialect, width: int) -> list[str] | None:
    """Part a line into just ``width`` cells with the fewest exceptions; None where none can.

    An exception is a quotation mark that stands for itself: at a cell's begin, or inside quotes
    without being doubled.
    """
    quote, sign = dialect.quote, dialect.sign
    if len(line) > _LONGEST_LINE or line.count(sign) + line.count(quote) > _MAX_MARKS:
        return None
    ways: dict[int, dict[int, _Way]] = {0: {0: _Way(0, ())}}
    done: _Way | None = None
    for at in _starts(line, sign):
        for count, way in ways.pop(at, {}).items():
            for end, cell, cost in _cells_at(line, at, dialect):
                step = _Way(way.cost + cost, (*way.cells, cell))
                if end == len(line):
                    if count + 1 == width and (done is None or step.cost < done.cost):
                        done = step
                elif count + 1 < width:
                    known = ways.setdefault(end + 1, {}).get(count + 1)
                    if known is None or step.cost < known.cost:
                        ways[end + 1][count + 1] = step
    return None if done is None else list(done.cells)


def _starts(line: str, sign: str) -> Iterator[int]:
    at = 0
    yield at
    while (at := line.find(sign, at)) >= 0:
        at += 1
        yield at


def _cells_at(line: str, at: int, dialect: Dialect) -> Iterator[tuple[int, str, int]]:
    """Yield the ways to read the cell that begins here: its end, its text, its exceptions."""
    quote, sign = dialect.quote, dialect.sign
    begin = at
    if dialect.spaced:
        while line[begin : begin + 1] == " ":
            begin += 1
    if line[begin : begin + 1] == quote:
        end = begin + 1
        while (end := line.find(quote, end)) >= 0:
            end += 1
            if line[end : end + 1] in ("", sign):
                inner = line[begin + 1 : end - 1]
                plain = inner.replace(quote * 2, "")
                if quote not in plain:
                    yield end, inner.replace(quote * 2, quote), 0
                else:
                    yield end, inner, 2
    end = line.find(sign, begin)
    end = len(line) if end < 0 else end
    cell = line[begin:end]
    yield end, cell, (3 if cell.startswith(quote) else 1) if quote in cell else 0
