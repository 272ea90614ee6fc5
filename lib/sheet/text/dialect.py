"""Find how a text parts its cells: delimiter, quotation mark and escape.

Every candidate reads a sample. The best one makes the most even table out of cells that look like
something: numbers, dates, phones, words. Evenness alone would take the comma of ``1,5`` in a file
of semicolons; cells alone would take the space between two names.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

DELIMITERS: Final = (
    ",", ";", "\t", "|", "\t\t", "||", "::", ";;", "\\t",
    ":", "^", "~", "#", "\x1f", "\x01", "§", "¦", " ",
)  # fmt: skip
_UNIT_SEPARATOR: Final = "\x1f"
_USUAL: Final = frozenset(",;\t|")
_SAMPLE_CHARACTERS: Final = 64 * 1024
_SAMPLE_RECORDS: Final = 120
# A candidate below this, or no candidate at all: the text has one column.
_ONE_COLUMN_BELOW: Final = 0.25
# What an unusual delimiter has to be better by, since colons and spaces stand in ordinary text.
_UNUSUAL: Final = {":": 0.5, " ": 0.4, "#": 0.7}
_UNUSUAL_DEFAULT: Final = 0.8

_KNOWN: Final = re.compile(
    r"""\s*(?:
      | [+-]?[$€£]?\s?\d{1,3}(?:[., \u00a0]\d{3})*(?:[.,]\d+)?\s?[%€$£]?     # numbers, grouped
      | [+-]?[$€£]?\d*[.,]?\d+(?:[eE][+-]?\d+)?\s?[%€$£]?
      | \d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T\ ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s?(?:[ap]m)?Z?)?
      | \d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]m)?
      | \+?[\d(][\d ()./-]{5,20}\d                                          # phones
      | [^@\s,;|]+@[^@\s,;|]+\.[a-zA-Z]{2,}
      | (?:https?://|www\.)\S+
      | (?:n/?a|null|none|nan|true|false|yes|no|-+)
      | [\w.'\u2019&/-]+(?:\ [\w.'\u2019&()/-]+){0,3}                       # a name, a code
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_MOSTLY_TEXT: Final = re.compile(r"[^;|\t]*")


@dataclass(frozen=True)
class Dialect:
    """How cells are parted.

    ``quote`` is empty where none is used; ``spaced`` says that blanks after a delimiter do not
    count, ``backslashed`` that a quotation mark inside quotes has a backslash before it.
    """

    delimiter: str
    quote: str = '"'
    spaced: bool = False
    backslashed: bool = False

    @property
    def sign(self) -> str:
        """The one character that parts the cells once a text is ``prepared``; Arrow wants ASCII."""
        is_plain = len(self.delimiter) == 1 and self.delimiter.isascii()
        return self.delimiter if is_plain else _UNIT_SEPARATOR

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Part the lines of a ``prepared`` text into records, by Python's own parser."""
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
    """Return the dialect of a text; what is not given is looked for.

    A text without any delimiter is read with commas.
    """
    found = _find(sample_of(text), delimiter)
    if quote is not None:
        found = replace(found, quote=quote, backslashed=found.backslashed and quote != "")
    if backslashed is not None:
        found = replace(found, backslashed=backslashed and found.quote != "")
    return found


def _find(sample: str, delimiter: str | None) -> Dialect:
    if delimiter is not None:
        return _with_quotes(sample, delimiter)
    if (quoted := _wholly_quoted(sample)) is not None:
        return quoted
    best, best_score = None, 0.0
    for each in DELIMITERS:
        if each not in sample or sample.count(each) == 2 * sample.count(each * 2):
            continue
        dialect = _with_quotes(sample, each)
        score = _score(_records_of(sample, dialect))
        if each not in _USUAL:
            score *= _UNUSUAL.get(each, _UNUSUAL_DEFAULT)
        if score > best_score:
            best, best_score = dialect, score
    if best is None or best_score < _ONE_COLUMN_BELOW:
        return _with_quotes(sample, ",")
    return best


def _wholly_quoted(sample: str) -> Dialect | None:
    """Return the dialect of a text in which each cell stands in quotes: there is only one."""
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
            # The sample may end inside of a record.
            if at == len(sample) or count >= _SAMPLE_RECORDS:
                return Dialect(delimiter, quote)
    return None


def _records_of(text: str, dialect: Dialect) -> list[list[str]]:
    """Return the first records of a text."""
    lines = io.StringIO(prepared(text, dialect), newline="")
    return list(islice(dialect.records(lines), _SAMPLE_RECORDS))


def prepared(text: str, dialect: Dialect) -> str:
    """Return the text as every reader knows it: one character a delimiter, inner quotes doubled."""
    if dialect.backslashed:
        text = text.replace(f"\\{dialect.quote}", dialect.quote * 2)
    if dialect.sign != dialect.delimiter:
        text = text.replace(dialect.delimiter, dialect.sign)
    return text


def sample_of(text: str) -> str:
    """Return the first lines of a text, whole ones: enough to find its form."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) == len(sample):
        return sample
    end = max(sample.rfind("\n"), sample.rfind("\r"))
    return sample[: end + 1] or sample


def _with_quotes(sample: str, delimiter: str) -> Dialect:
    """Find which quotation mark stands where cells begin and end, and what escapes it."""
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
    # An apostrophe may begin a name or end one: it has to do both, again and again.
    apostrophes = counts["'"] > max(2 * counts['"'], 1)
    quote = "'" if apostrophes and _holds_delimiters(sample, delimiter, "'") else '"'
    inside = re.search(rf"[^\\]\\{quote}(?! *(?:{part}|[\r\n]|\Z))", sample)
    doubled = re.search(rf"[^{quote}{part}\r\n]{quote}{quote}[^{quote}]", sample)
    return Dialect(delimiter, quote, spaced, backslashed=inside is not None and doubled is None)


def _holds_delimiters(sample: str, delimiter: str, mark: str) -> bool:
    """Tell whether reading with this mark makes a more even table than reading without."""
    quoted = _score(_records_of(sample, Dialect(delimiter, mark)))
    return quoted >= _score(_records_of(sample, Dialect(delimiter)))


def _score(records: Sequence[Sequence[str]]) -> float:
    """Return how much a reading looks like a table: evenness times the share of known cells."""
    filled = [record for record in records if any(cell.strip() for cell in record)]
    if not filled:
        return 0.0
    widths = Counter(map(len, filled))
    # Several patterns in one file lower the score, wide ones less than narrow ones.
    evenness: float = sum(count * (width - 1) / width for width, count in widths.items()) / (
        len(filled) * len(widths) ** 0.5
    )
    width, count = max(widths.items(), key=lambda each: (each[1] * (each[0] > 1), each[0]))
    if width == 1:
        return 0.0
    share = count / len(filled)
    cells = [cell for record in filled if len(record) == width for cell in record]
    known = sum(map(_likeness, cells)) / len(cells)
    return (0.5 * evenness + 0.5 * share * (width - 1) / width) * known


def _likeness(cell: str) -> float:
    if len(cell) <= 64 and _KNOWN.fullmatch(cell):
        return 1.0
    # Quotation marks left inside a cell mean that it was cut at the wrong place.
    if cell.count('"') % 2:
        return 0.0
    return 0.6 if _MOSTLY_TEXT.fullmatch(cell) else 0.2
