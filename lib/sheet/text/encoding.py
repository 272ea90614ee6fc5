"""Detect the encoding of delimited text."""

import codecs
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.notes import NoticeCode
from lib.sheet.read_options import ENCODINGS

# Name of the error handler that decodes invalid bytes as Windows-1252.
SUBSTITUTE_WINDOWS: Final = "sendout.windows"

# Codecs that decode all that the programs of these systems write.
_CODECS: Final = {"utf-8": "utf-8-sig", "shift_jis": "cp932", "big5": "cp950", "euc_kr": "cp949"}
_UTF_MARKS: Final = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_START_BYTES: Final = 4096
_DISTINCTIVE_BYTES: Final = 16 * 1024
# With fewer bytes beyond ASCII than this, statistical detection misleads.
_MIN_DISTINCTIVE_BYTES: Final = 40
# Bytes that are not UTF-8, of all letters beyond ASCII, up to which a text counts as UTF-8.
_MAX_INVALID: Final = 0.2
_INVISIBLE_LETTERS: Final = "".join(map(chr, range(0x80, 0xA0)))
_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_LETTERS}]")
_INVISIBLE_BYTES: Final = re.compile(rb"\xc2[\x80-\x9f]")
_WINDOWS_LETTERS: Final = {
    code: letter
    for code in range(0x80, 0xA0)
    if (letter := bytes([code]).decode("cp1252", "ignore"))
}
_HALF_WIDTH_KANA: Final = re.compile("[\uff61-\uff9f]")


class Encoding(NamedTuple):
    """The encoding of a text: its name, Python's codec, and the codes of notices about it."""

    name: str
    codec: str
    notes: list[str]


def known_encoding(name: str) -> Encoding:
    """Return the encoding of this name, as a person has chosen it."""
    return Encoding(name, _CODECS.get(name, name), [])


def find_encoding(chunks: Iterable[bytes]) -> Encoding:
    """Detect the encoding of a text, given in parts that may end anywhere."""
    parts = iter(chunks)
    first = next(parts, b"")
    if (wide := _wide_codec(first)) is not None:
        return Encoding(wide[:6], wide, [])
    survey = _Survey()
    survey.add(first)
    for part in parts:
        survey.add(part)
    if not survey.invalid:
        return known_encoding("utf-8")
    if survey.invalid <= _MAX_INVALID * survey.beyond_ascii:
        return known_encoding("utf-8")._replace(notes=[NoticeCode.ODD_LETTERS])
    name = _guess_encoding(survey.distinctive_lines())
    return known_encoding(name)._replace(notes=[NoticeCode.ENCODING_GUESSED])


def windows_letters(text: str, data: bytes, codec: str) -> str:
    """Return a text with invisible controls as the letters that Windows-1252 has in their place.

    They come from programs that take Windows-1252 for Latin-1. ``data`` are the bytes of the text.
    """
    if text.isascii():
        return text
    if codec == "utf-8-sig":
        # Searching the bytes takes a tenth of the time. The first letter may be half in them.
        is_clean = text[0] not in _INVISIBLE_LETTERS and not _INVISIBLE_BYTES.search(data)
    else:
        is_clean = not _INVISIBLE.search(text)
    return text if is_clean else text.translate(_WINDOWS_LETTERS)


def check_is_text(start: str) -> None:
    """Raise SheetError not_a_sheet if the start of a text has many control characters."""
    controls = sum(start.count(chr(code)) for code in (1, 2, 3, 4, 5, 6, 14, 15, 16))
    if controls > max(8, len(start) // 100):
        raise SheetError(SheetErrorCode.NOT_A_SHEET)


class _Survey:
    """Count the letters beyond ASCII and the bytes that are not UTF-8, and keep some lines."""

    def __init__(self) -> None:
        self.invalid = self.beyond_ascii = 0
        self._distinctive = self._open_line = b""
        codecs.register_error("sendout.counted", self._count)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("sendout.counted")

    def add(self, data: bytes) -> None:
        """Examine the next part of the text."""
        if data.isascii() and self._open_line.isascii() and not self._decoder.getstate()[0]:
            self._open_line = b""
            return
        self._decoder.decode(data)
        # Each letter beyond ASCII has one such byte in UTF-8.
        self.beyond_ascii += int((np.frombuffer(data, np.uint8) >= 0xC0).sum())
        if len(self._distinctive) < _DISTINCTIVE_BYTES:
            self._keep_lines(self._open_line + data)

    def distinctive_lines(self) -> bytes:
        """Return lines with bytes beyond ASCII, which alone distinguish encodings."""
        if len(self._distinctive) < _DISTINCTIVE_BYTES:
            return self._distinctive + self._open_line[:_DISTINCTIVE_BYTES]
        return self._distinctive

    def _keep_lines(self, data: bytes) -> None:
        """Keep whole lines, since the bytes of a letter must not be parted."""
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        self._open_line = data[end:]
        for line in data[:end].splitlines(keepends=True):
            if len(self._distinctive) >= _DISTINCTIVE_BYTES:
                return
            if not line.isascii():
                self._distinctive += line

    def _count(self, error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        self.invalid += error.end - error.start
        return _substitute_windows(error)


def _substitute_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    if error.encoding.startswith(("utf-16", "utf-32")):
        return "\ufffd", error.end
    letters = error.object[error.start : error.end].decode("latin-1")
    return letters.translate(_WINDOWS_LETTERS), error.end


codecs.register_error(SUBSTITUTE_WINDOWS, _substitute_windows)


def _wide_codec(data: bytes) -> str | None:
    """Return the codec of text with two or four bytes for each letter, None for other text."""
    for mark, codec in _UTF_MARKS.items():
        if data.startswith(mark):
            return codec
    start = data[:_START_BYTES]
    even, odd = start[::2].count(0), start[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    if even + odd > len(start) // 4:
        return codec
    # Asian letters have few zero bytes, but every end of a line has one, on the same side.
    if max(even, odd) > 3 * min(even, odd):
        ends = [at for at, byte in enumerate(start) if byte in b"\r\n"]
        side = 1 if codec == "utf-16-le" else -1
        with_zero = sum(start[max(at + side, 0) : at + side + 1] == b"\0" for at in ends)
        if with_zero * 2 > len(ends):
            return codec
    return None


def _guess_encoding(distinctive: bytes) -> str:
    """Return the most likely encoding of lines that are not UTF-8, of those one can choose."""
    from charset_normalizer import from_bytes

    beyond_ascii = len(distinctive) - len(distinctive.decode("ascii", "ignore"))
    if beyond_ascii < _MIN_DISTINCTIVE_BYTES:
        return "cp1252"
    names = {_CODECS.get(name, name): name for name in ENCODINGS if not name.startswith("utf")}
    # The codec of Windows for Korean accepts most bytes of other encodings.
    names["euc_kr"] = names.pop("cp949")
    # Examined in one part: several would begin and end in the middle of letters.
    found = from_bytes(distinctive, steps=1, chunk_size=len(distinctive), cp_isolation=[*names])
    # Bytes of Thai are also half-width letters of Japanese, which no list has alone.
    matches = [
        match for match in found if len(_HALF_WIDTH_KANA.findall(str(match))) * 2 < beyond_ascii
    ]
    if not matches:
        return "cp1252"
    best = matches[0]
    # Western and Central European letters share most bytes; the more common one wins a tie.
    tied = {
        match.encoding
        for match in matches
        if match.chaos <= best.chaos and match.coherence >= best.coherence
    }
    return "cp1252" if "cp1252" in tied else names[best.encoding]
