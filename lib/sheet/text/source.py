"""Decoded text in pieces of whole lines, from memory or from a file."""

import codecs
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

from lib.sheet.notes import NoticeCode
from lib.sheet.store.byte_source import ByteSource, ProgressReader, Report
from lib.sheet.text.dialect import Dialect, prepare_text
from lib.sheet.text.encoding import SUBSTITUTE_WINDOWS, decode, decode_head

_HEAD_BYTES: Final = 1 << 20
# A piece is one block for Arrow, which takes blocks of up to twice this size.
_CHUNK_SIZE: Final = 4 << 20
# Excel obeys this line and shows the next one as row 1.
_SEP_LINE: Final = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)


class TextSource(ABC):
    """Text that can be read several times.

    ``head`` holds its first lines, at least; ``encoding`` is what it is stored in;
    ``declared_delimiter`` is what a ``sep=`` line names, which is not part of the text;
    ``notes`` are codes of notices about the encoding, complete after the text has been read.
    """

    def __init__(self, head: str, encoding: str, notes: list[str]) -> None:
        match = _SEP_LINE.match(head)
        self.declared_delimiter = match.group(1) if match else None
        self._skipped = match.end() if match else 0
        self.head = head[self._skipped :]
        self.encoding, self.notes = encoding, notes

    @abstractmethod
    def may_contain(self, character: str) -> bool:
        """Return False if this character is known not to occur."""

    @abstractmethod
    def _chunks(self) -> Iterator[str]:
        """Yield the text in parts that may end anywhere."""

    def pieces(self, dialect: Dialect) -> Iterator[str]:
        """Yield the prepared text, some megabytes at a time, without blank lines at its end.

        Each piece starts where a line starts and ends with a line's end.
        """
        rest = blank_lines = ""
        skipped = self._skipped
        for chunk in self._chunks():
            rest += chunk[skipped:]
            skipped = 0
            # A carriage return at the end may be the first half of a line's end.
            end = max(rest.rfind("\n"), rest.rfind("\r", 0, len(rest) - 1)) + 1
            lines, rest = rest[:end], rest[end:]
            body = lines.rstrip("\r\n")
            ends = lines[len(body) :]
            if not body:
                blank_lines += ends
                continue
            line_end = "\r\n" if ends.startswith("\r\n") else ends[:1]
            yield prepare_text(f"{blank_lines}{body}{line_end}", dialect)
            blank_lines = ends[len(line_end) :]
        if body := rest.rstrip("\r\n"):
            yield prepare_text(f"{blank_lines}{body}\n", dialect)


class DecodedText(TextSource):
    """Text that is held in memory.

    Raises SheetError not_a_sheet or damaged if the bytes are not text.
    """

    def __init__(self, data: bytes, encoding: str | None, report: Report) -> None:
        self._text, found, notes = decode(data, encoding)
        self._report = report
        super().__init__(self._text, found, notes)

    def may_contain(self, character: str) -> bool:
        """Return whether the text contains this character."""
        return character in self._text

    def _chunks(self) -> Iterator[str]:
        for start in range(0, len(self._text), _CHUNK_SIZE):
            yield self._text[start : start + _CHUNK_SIZE]
            self._report(min(1.0, (start + _CHUNK_SIZE) / len(self._text)))


class EncodedText(TextSource):
    """Text that is decoded from a file each time it is read.

    The encoding is detected from the first megabyte. Raises SheetError not_a_sheet or damaged if
    that is not text.
    """

    def __init__(self, source: ByteSource, encoding: str | None, report: Report) -> None:
        head, found, self._codec, notes = decode_head(source.start(_HEAD_BYTES), encoding)
        self._source, self._report = source, report
        super().__init__(head, found, notes)

    def may_contain(self, character: str) -> bool:  # noqa: ARG002 - the interface's
        """Return True: the text is not known before it is read."""
        return True

    def _chunks(self) -> Iterator[str]:
        errors = SUBSTITUTE_WINDOWS if self._codec.startswith("utf-8") else "replace"
        decoder = codecs.getincrementaldecoder(self._codec)(errors)
        is_first = True
        counted = ProgressReader(self._source.open(), self._source.size, self._report)
        # Buffered, so that only the last chunk is short.
        with io.BufferedReader(counted, 1 << 20) as file:
            while data := file.read(_CHUNK_SIZE):
                yield self._cleaned(decoder.decode(data), is_first=is_first)
                is_first = False
        yield self._cleaned(decoder.decode(b"", final=True), is_first=is_first)

    def _cleaned(self, text: str, *, is_first: bool) -> str:
        if is_first:
            text = text.removeprefix("\ufeff")
        if "\x00" in text:
            text = text.replace("\x00", "")
            if NoticeCode.NUL_REMOVED not in self.notes:
                self.notes.append(NoticeCode.NUL_REMOVED)
        return text
