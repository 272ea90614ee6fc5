"""Read the records of a text line by line, and repair irregular ones.

A line that follows the rules of quotation marks is split by them, whatever its number of cells. In
other lines the usual cause is a literal quotation mark: they are split into as many cells as the
table has columns, with the fewest exceptions to the rules, or kept as they are if that is
impossible. Lines without quotation marks may use another delimiter, or have an extra empty cell.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lib.sheet.notes import NoticeCode
from lib.sheet.table.cell_types import EMPTY, TEXT, fit, kind_of_cell
from lib.sheet.text.dialect import Dialect

_OTHER_DELIMITERS: Final = (",", ";", "\t", "|", " ")
# If a quoted cell would have more lines than this, its quotation mark was never closed.
_MAX_LINES: Final = 5_000
_MAX_SEPARATORS: Final = 400
_MAX_LINE_LENGTH: Final = 100_000


@dataclass
class LineReader:
    """Split lines into records.

    ``width`` is the usual number of cells, or 0 if it is unknown; ``kinds`` are the usual types of
    these cells. ``notes`` collects the codes of notices about repairs.
    """

    dialect: Dialect
    width: int = 0
    kinds: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)
    _previous_width: int = 0
    _feed: list[str] = field(default_factory=list)
    _parser: Iterator[list[str]] | None = None

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield a record for each line, or for several lines if a quoted cell has line breaks."""
        csv.field_size_limit(2**31 - 1)
        source = _Lines(lines)
        quote = self.dialect.quote
        for line in source:
            bare = line.rstrip("\r\n")
            if not quote or quote not in bare:
                cells = self._split_plain(bare)
            elif bare.count(quote) % 2 == 0:
                cells = self._split_quoted(bare)
            else:
                cells = self._split_open(line, source)
            # Several long records in a row are another table rather than several mistakes.
            if 0 < self.width < len(cells) != self._previous_width:
                self._previous_width = len(cells)
                cells = self._without_extra_cell(cells)
            else:
                self._previous_width = len(cells)
            yield cells

    def _split_plain(self, line: str) -> list[str]:
        cells = line.split(self.dialect.sign) if line else []
        if self.dialect.spaced:
            cells = [cell.lstrip(" ") for cell in cells]
        if line and len(cells) != self.width:
            return self._split_by_other_delimiter(line, cells) or cells
        return cells

    def _split_quoted(self, line: str) -> list[str]:
        cells = self._split_strictly(line)
        is_usual = len(cells) == self.width
        if not self.width or (is_usual and not _has_quote_at_end(cells, self.dialect.quote)):
            return cells
        if is_tidy(line, self.dialect):
            return cells
        repaired = repair_row(line, self.dialect, self.width)
        if repaired is not None and repaired != cells:
            self._add_note(NoticeCode.QUOTES_MENDED)
            return repaired
        return cells if is_usual else self._split_by_other_delimiter(line, cells) or cells

    def _split_open(self, line: str, source: "_Lines") -> list[str]:
        """Split a line with an unpaired quotation mark: up to the line that closes it, or alone."""
        taken = source.until_closed(line, self.dialect.quote)
        bare, whole = line.rstrip("\r\n"), (line + "".join(taken)).rstrip("\r\n")
        if taken and is_tidy(whole, self.dialect):
            return self._split_strictly(whole)
        self._add_note(NoticeCode.QUOTES_MENDED)
        if self.width:
            if (repaired := repair_row(bare, self.dialect, self.width)) is not None:
                source.push_back(taken)
                return repaired
            if taken and (repaired := repair_row(whole, self.dialect, self.width)) is not None:
                return repaired
        source.push_back(taken)
        cells = bare.split(self.dialect.sign)
        return [cell.lstrip(" ") for cell in cells] if self.dialect.spaced else cells

    def _split_strictly(self, text: str) -> list[str]:
        if "\n" in text or "\r" in text:
            return next(self.dialect.records(io.StringIO(text, newline="")), [])
        # One parser for all lines, since creating one takes longer than a line.
        if self._parser is None:
            self._parser = self.dialect.records(iter(self._feed.pop, None))
        self._feed.append(text)
        try:
            return next(self._parser)
        except IndexError:
            # The line leaves a quoted cell open, and the parser has asked for the next one.
            self._parser = None
            return next(self.dialect.records([text]), [])

    def _split_by_other_delimiter(self, line: str, cells: Sequence[str]) -> list[str] | None:
        """Return a line's cells if another delimiter splits it into cells of the usual kinds.

        ``cells`` are those by the usual delimiter.
        """
        if self.width < 3:
            # A single delimiter in a line may be ordinary text.
            return None
        for delimiter in _OTHER_DELIMITERS:
            if delimiter == " " and not line.startswith(self.dialect.quote or "\0"):
                continue
            if delimiter != self.dialect.sign and line.count(delimiter) >= self.width - 1:
                others = next(csv.reader([line], delimiter=delimiter), [])
                if len(others) == self.width and self._fits_better(others, cells):
                    self._add_note(NoticeCode.ODD_ROWS)
                    return others
        return None

    def _fits_better(self, others: Sequence[str], cells: Sequence[str]) -> bool:
        """Return whether a split by another delimiter fits the columns better than these cells.

        Text fits any column, and the column names fit none. Both are accepted if the usual
        delimiter is missing, and the other one is not followed by spaces as in a sentence.
        """
        found = self._count_typed(others)
        if found and found * 2 >= sum(kind not in (EMPTY, TEXT) for kind in self.kinds):
            return found > self._count_typed(cells)
        is_sentence = any(cell.startswith(" ") for cell in others[1:])
        return len(cells) == 1 and not is_sentence

    def _count_typed(self, cells: Sequence[str]) -> int:
        """Count the cells of the usual kind of their column, apart from text."""
        return sum(
            kind not in (EMPTY, TEXT) and kind_of_cell(cell) == kind
            for cell, kind in zip(cells, self.kinds, strict=False)
        )

    def _without_extra_cell(self, cells: list[str]) -> list[str]:
        """Remove one extra empty cell if it is clear which one, by the types of the others."""
        if len(cells) != self.width + 1 or len(self.kinds) != self.width:
            return cells
        candidates = {
            tuple(cells[:at] + cells[at + 1 :])
            for at, cell in enumerate(cells)
            if not cell.strip(" \t")  # a line break was put there on purpose
        }
        ranked = sorted(candidates, key=lambda candidate: -fit(candidate, self.kinds))
        if not ranked or (len(ranked) > 1 and _fit_equally(ranked[0], ranked[1], self.kinds)):
            return cells
        self._add_note(NoticeCode.EMPTY_CELLS_LEFT_OUT)
        return list(ranked[0])

    def _add_note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _fit_equally(one: Sequence[str], other: Sequence[str], kinds: Sequence[str]) -> bool:
    return fit(one, kinds) == fit(other, kinds)


def _has_quote_at_end(cells: Sequence[str], quote: str) -> bool:
    """Return whether a cell starts or ends with a quotation mark, as if one was not escaped."""
    return quote in "".join(cells) and any(
        cell[0] == quote or cell[-1] == quote for cell in cells if quote in cell
    )


class _Lines:
    """Iterator over lines that can be put back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._pushed_back: list[str] = []

    def __iter__(self) -> Iterator[str]:
        while (line := self._next()) is not None:
            yield line

    def _next(self) -> str | None:
        return self._pushed_back.pop() if self._pushed_back else next(self._lines, None)

    def push_back(self, lines: Sequence[str]) -> None:
        """Put lines back, to be read again."""
        self._pushed_back.extend(reversed(lines))

    def until_closed(self, line: str, quote: str) -> list[str]:
        """Return the lines up to the one that closes the quotes, or none if no line does."""
        taken: list[str] = []
        count = line.count(quote)
        while len(taken) < _MAX_LINES:
            following = self._next()
            if following is None:
                break
            taken.append(following)
            count += following.count(quote)
            if count % 2 == 0:
                return taken
        self.push_back(taken)
        return []


def is_tidy(text: str, dialect: Dialect) -> bool:
    """Return whether quotation marks occur only at the ends of cells, or doubled in quotes."""
    quote, sign = dialect.quote, dialect.sign
    at = 0
    while True:
        if dialect.spaced:
            while text[at : at + 1] == " ":
                at += 1
        if text[at : at + 1] == quote:
            at = _closing_position(text, at + 1, quote)
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


def _closing_position(text: str, at: int, quote: str) -> int:
    """Return the position after a cell's closing quotation mark, or -1 if there is none."""
    while (end := text.find(quote, at)) >= 0:
        if text[end + 1 : end + 2] != quote:
            return end + 1
        at = end + 2
    return -1


class _Split(NamedTuple):
    """The start of a line as cells, with the cost of the exceptions made."""

    cost: int
    cells: tuple[str, ...]


def repair_row(line: str, dialect: Dialect, width: int) -> list[str] | None:
    """Split a line into exactly ``width`` cells with the fewest exceptions; None if impossible.

    An exception is a quotation mark that is read as text: at the start of a cell, or inside quotes
    without being doubled.
    """
    quote, sign = dialect.quote, dialect.sign
    if len(line) > _MAX_LINE_LENGTH or line.count(sign) + line.count(quote) > _MAX_SEPARATORS:
        return None
    # The cheapest split of the line up to each position, by its number of cells.
    splits: dict[int, dict[int, _Split]] = {0: {0: _Split(0, ())}}
    best: _Split | None = None
    for at in _cell_starts(line, sign):
        for count, split in splits.pop(at, {}).items():
            for end, cell, cost in _cells_at(line, at, dialect):
                longer = _Split(split.cost + cost, (*split.cells, cell))
                if end == len(line):
                    if count + 1 == width and (best is None or longer.cost < best.cost):
                        best = longer
                elif count + 1 < width:
                    known = splits.setdefault(end + 1, {}).get(count + 1)
                    if known is None or longer.cost < known.cost:
                        splits[end + 1][count + 1] = longer
    return None if best is None else list(best.cells)


def _cell_starts(line: str, sign: str) -> Iterator[int]:
    """Yield the positions at which a cell may start."""
    at = 0
    yield at
    while (at := line.find(sign, at)) >= 0:
        at += 1
        yield at


def _cells_at(line: str, at: int, dialect: Dialect) -> Iterator[tuple[int, str, int]]:
    """Yield the possible cells that start here: end, text, and cost of exceptions."""
    quote, sign = dialect.quote, dialect.sign
    start = at
    if dialect.spaced:
        while line[start : start + 1] == " ":
            start += 1
    if line[start : start + 1] == quote:
        end = start + 1
        while (end := line.find(quote, end)) >= 0:
            end += 1
            if line[end : end + 1] in ("", sign):
                inner = line[start + 1 : end - 1]
                plain = inner.replace(quote * 2, "")
                if quote not in plain:
                    yield end, inner.replace(quote * 2, quote), 0
                else:
                    yield end, inner, 2
    end = line.find(sign, start)
    end = len(line) if end < 0 else end
    cell = line[start:end]
    yield end, cell, (3 if cell.startswith(quote) else 1) if quote in cell else 0
