"""Decoded text in pieces of whole lines, from memory or from a file."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, Final

from lib.sheet.notes import NoticeCode
from lib.sheet.store.byte_source import ProgressReader, Report, no_progress
from lib.sheet.text.dialect import Dialect, prepare_text
from lib.sheet.text.encoding import (
    SUBSTITUTE_WINDOWS,
    Encoding,
    check_is_text,
    find_encoding,
    known_encoding,
    windows_letters,
)

# A piece is one block for Arrow, which takes blocks of up to twice this size.
_CHUNK_SIZE: Final = 4 << 20
# The encoding is detected from the first 64 MB, to not read huge remote files twice.
_SURVEYED_CHUNKS: Final = 16
_CHECKED_CHARACTERS: Final = 65536
# Excel obeys this line and shows the next one as row 1.
_SEP_LINE: Final = re.compile(r'\A"?sep=(.)"?[ \t]*(?:\r\n|\r|\n)', re.IGNORECASE)


class TextSource:
    """Text that is decoded each time it is read, from memory or from a file.

    ``head`` holds its first lines, or all if ``is_head_all``; ``encoding`` is what it is stored in;
    ``declared_delimiter`` is what a ``sep=`` line names, which is not part of the text; ``notes``
    are codes of notices about the letters, complete after the text has been read.

    ``open_file`` opens the file, of ``size`` bytes, from its start. The encoding is detected unless
    it is given. Raises SheetError not_a_sheet if the file is not text.
    """

    def __init__(
        self, open_file: Callable[[], BinaryIO], size: int, encoding: str | None, report: Report
    ) -> None:
        self._open_file, self._size = open_file, size
        found = known_encoding(encoding) if encoding is not None else self._find_encoding()
        self.encoding, self._codec, self.notes = found
        self._report: Report = no_progress
        self._skipped = 0
        head, self.is_head_all = self._read_head()
        self._report = report
        check_is_text(head[:_CHECKED_CHARACTERS])
        match = _SEP_LINE.match(head)
        self.declared_delimiter = match.group(1) if match else None
        self._skipped = match.end() if match else 0
        self.head = head[self._skipped :]

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

    def _find_encoding(self) -> Encoding:
        with self._open_file() as file:
            chunks = iter(lambda: file.read(_CHUNK_SIZE), b"")
            return find_encoding(islice(chunks, _SURVEYED_CHUNKS))

    def _read_head(self) -> tuple[str, bool]:
        """Return the first whole lines, of one chunk or more, and whether they are the text."""
        head = ""
        for chunk in self._chunks():
            if head and (end := max(head.rfind("\n"), head.rfind("\r")) + 1) and chunk:
                return head[:end], False
            head += chunk
        return head, True

    def _chunks(self) -> Iterator[str]:
        """Yield the text in parts that may end anywhere."""
        decoder = codecs.getincrementaldecoder(self._codec)(SUBSTITUTE_WINDOWS)
        counted = ProgressReader(self._open_file(), self._size, self._report)
        is_first = True
        # Buffered, so that only the last chunk is short.
        with io.BufferedReader(counted, 1 << 20) as file:
            while data := file.read(_CHUNK_SIZE):
                text = decoder.decode(data)
                yield self._cleaned(text.removeprefix("\ufeff") if is_first else text, data)
                is_first = False
        yield self._cleaned(decoder.decode(b"", final=True), b"")

    def _cleaned(self, text: str, data: bytes) -> str:
        """Return a text without null characters and with the letters of Windows-1252."""
        if "\x00" in text:
            text = text.replace("\x00", "")
            self._add_note(NoticeCode.NUL_REMOVED)
        cleaned = windows_letters(text, data, self._codec)
        if cleaned != text and NoticeCode.ENCODING_GUESSED not in self.notes:
            self._add_note(NoticeCode.ODD_LETTERS)
        return cleaned

    def _add_note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)
