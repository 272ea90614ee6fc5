"""Detect the dialect of delimited text: delimiter, quotation mark and escape.

Each candidate reads a sample, and is scored by how even the table is and how many of its cells are
of a known type, such as numbers, dates, phones or words. Evenness alone would select the comma of
``1,5`` in a file with semicolons; cell types alone would select the space between two names.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

DELIMITERS: Final = (
    ",", ";", "\t", "|", "\t\t", "||", "::", ";;", "\\t",
    ":", "^", "~", "#", "\x1f", "\x01", "§", "¦", " ",
)  # fmt: skip
_UNIT_SEPARATOR: Final = "\x1f"
_COMMON: Final = frozenset(",;\t|")
_SAMPLE_CHARACTERS: Final = 64 * 1024
_SAMPLE_RECORDS: Final = 120
# If no candidate has this score, the text has one column.
_MIN_SCORE: Final = 0.25
# Factors for the scores of other delimiters, since colons and spaces occur in ordinary text.
_FACTORS: Final = {":": 0.5, " ": 0.4, "#": 0.7}
_DEFAULT_FACTOR: Final = 0.8

_KNOWN_CELL: Final = re.compile(
    r"""\s*(?:
      | [+-]?[$€£]?\s?\d{1,3}(?:[., \u00a0]\d{3})*(?:[.,]\d+)?\s?[%€$£]?     # numbers, grouped
      | [+-]?[$€£]?\d*[.,]?\d+(?:[eE][+-]?\d+)?\s?[%€$£]?
      | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\ ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[ap]m)?Z?)?
      | \d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]m)?
      | \+?[\d(][\d ()./-]{5,20}\d                                          # phones
      | [^@\s,;|]+@[^@\s,;|]+\.[a-zA-Z]{2,}
      | (?:https?://|www\.)\S+
      | (?:n/?a|null|none|nan|true|false|yes|no|-+)
      | [\w.'\u2019&/-]+(?:\ [\w.'\u2019&()/-]+){0,3}                       # names, codes
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
# Pairs are matched from the left: the second of two backslashes precedes nothing.
_ESCAPED: Final = re.compile(r"\\(.)")
_MOSTLY_TEXT: Final = re.compile(r"[^;|\t]*")


@dataclass(frozen=True)
class Dialect:
    """How cells are separated.

    ``quote`` is "" if there are no quotation marks. ``spaced``: spaces after a delimiter are
    ignored. ``backslashed``: a backslash precedes a quotation mark inside quotes.
    """

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    backslashed: bool = False

    @property
    def sign(self) -> str:
        """The character that separates cells in a prepared text: ASCII, as Arrow requires."""
        is_plain = len(self.delimiter) == 1 and self.delimiter.isascii()
        return self.delimiter if is_plain else _UNIT_SEPARATOR

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Split the lines of a prepared text into records with Python's parser."""
        return csv.reader(
            lines,
            delimiter=self.sign,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.spaced,
        )


def find_dialect(
    text: str,
    delimiter: str | None = None,
    *,
    quote: str | None = None,
    backslashed: bool | None = None,
) -> Dialect:
    """Return the dialect of a text. What is not given is detected.

    The delimiter of a text without any is a comma.
    """
    found = _detect_dialect(first_lines(text), delimiter)
    if quote is not None:
        found = replace(found, quote=quote, backslashed=found.backslashed and quote != "")
    if backslashed is not None:
        found = replace(found, backslashed=backslashed and found.quote != "")
    return found


def _detect_dialect(sample: str, delimiter: str | None) -> Dialect:
    if delimiter is not None:
        return _detect_quotes(sample, delimiter)
    if (quoted := _wholly_quoted(sample)) is not None:
        return quoted
    best, best_score = None, 0.0
    for each in DELIMITERS:
        if each not in sample or sample.count(each) == 2 * sample.count(each * 2):
            continue
        dialect = _detect_quotes(sample, each)
        score = _score(_records_of(sample, dialect))
        if each not in _COMMON:
            score *= _FACTORS.get(each, _DEFAULT_FACTOR)
        if score > best_score:
            best, best_score = dialect, score
    if best is None or best_score < _MIN_SCORE:
        return _detect_quotes(sample, ",")
    return best


def _wholly_quoted(sample: str) -> Dialect | None:
    """Return the only possible dialect of a text in which every cell is quoted, else None."""
    for quote in "\"'":
        if not sample.startswith(quote):
            continue
        cell = f"{quote}(?:[^{quote}]|{quote}{quote})*+{quote}"
        for delimiter in DELIMITERS:
            part = re.escape(delimiter)
            record = re.compile(rf"{cell}(?:{part}{cell})++(?:\r\n|\r|\n|\Z)")
            at = count = 0
            while found := record.match(sample, at):
                at = found.end()
                count += 1
            # The sample may end inside a record.
            if at == len(sample) or count >= _SAMPLE_RECORDS:
                return Dialect(delimiter, quote)
    return None


def _records_of(text: str, dialect: Dialect) -> list[list[str]]:
    """Return the first records of a text."""
    lines = io.StringIO(prepare_text(text, dialect), newline="")
    return list(islice(dialect.records(lines), _SAMPLE_RECORDS))


def prepare_text(text: str, dialect: Dialect) -> str:
    """Return the text with one character as delimiter, and quotes inside quotes doubled."""
    if dialect.backslashed:
        text = _ESCAPED.sub(partial(_doubled, dialect.quote), text)
    if dialect.sign != dialect.delimiter:
        text = text.replace(dialect.delimiter, dialect.sign)
    return text


def _doubled(quote: str, match: re.Match[str]) -> str:
    return quote * 2 if match[1] == quote else match[0]


def first_lines(text: str) -> str:
    """Return the first whole lines of a text, enough to detect its dialect."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) == len(sample):
        return sample
    end = max(sample.rfind("\n"), sample.rfind("\r"))
    return sample[: end + 1] or sample


def _detect_quotes(sample: str, delimiter: str) -> Dialect:
    """Return the dialect with the quotation mark found at the ends of cells, and its escape."""
    part = re.escape(delimiter)
    wide = "  " if delimiter == " " else rf"{part} +[\"']"
    spaced = re.search(wide, sample) is not None
    counts = {
        mark: min(
            len(re.findall(rf"(?m)(?:^|{part}){' *' if spaced else ''}{mark}", sample)),
            len(re.findall(rf"{mark} *(?:{part}|[\r\n]|\Z)", sample)),
        )
        for mark in "\"'"
    }
    # Names may start or end with an apostrophe, so several cells must do both.
    apostrophes = counts["'"] > max(2 * counts['"'], 1)
    quote = "'" if apostrophes and _improves_evenness(sample, delimiter, "'") else '"'
    inside = re.search(rf"[^\\]\\{quote}(?! *(?:{part}|[\r\n]|\Z))", sample)
    doubled = re.search(rf"[^{quote}{part}\\\r\n]{quote}{quote}[^{quote}]", sample)
    return Dialect(delimiter, quote, spaced, backslashed=inside is not None and doubled is None)


def _improves_evenness(sample: str, delimiter: str, mark: str) -> bool:
    """Return whether the table is at least as even with this quotation mark as without."""
    quoted = _score(_records_of(sample, Dialect(delimiter, mark)))
    return quoted >= _score(_records_of(sample, Dialect(delimiter)))


def _score(records: Sequence[Sequence[str]]) -> float:
    """Return how much records look like a table: evenness times the share of known cells."""
    filled = [record for record in records if any(cell.strip() for cell in record)]
    if not filled:
        return 0.0
    widths = Counter(map(len, filled))
    # Records of several widths lower the score, wide ones less than narrow ones.
    evenness: float = sum(count * (width - 1) / width for width, count in widths.items()) / (
        len(filled) * len(widths) ** 0.5
    )
    width, count = max(widths.items(), key=lambda each: (each[1] * (each[0] > 1), each[0]))
    if width == 1:
        return 0.0
    share = count / len(filled)
    cells = [cell for record in filled if len(record) == width for cell in record]
    known = sum(map(_cell_score, cells)) / len(cells)
    return (0.5 * evenness + 0.5 * share * (width - 1) / width) * known


def _cell_score(cell: str) -> float:
    """Return how much a cell looks like a known type, from 0 to 1."""
    if len(cell) <= 64 and _KNOWN_CELL.fullmatch(cell):
        return 1.0
    # An unpaired quotation mark in a cell means that the cell was split in the wrong place.
    if cell.count('"') % 2:
        return 0.0
    return 0.6 if _MOSTLY_TEXT.fullmatch(cell) else 0.2
