"""Detect the encoding of delimited text, and decode it."""

import codecs
from typing import Final

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.notes import NoticeCode

# Name of the error handler that decodes bytes which are not UTF-8 as Windows-1252.
SUBSTITUTE_WINDOWS: Final = "sendout.windows"

_ENCODING_SAMPLE_BYTES: Final = 256 * 1024
_MIXED: Final = "utf-8 with others"
# With fewer bytes beyond ASCII than this, statistical detection misleads.
_MIN_DISTINCTIVE_BYTES: Final = 40


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, list[str]]:
    """Return the text, its encoding, and the codes of notices about it.

    Raises SheetError not_a_sheet if most of it is not text, damaged if it can't be decoded.
    """
    notes: list[str] = []
    if encoding is not None:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
    else:
        text, encoding = _decode(data)
        if encoding == _MIXED:
            notes.append(NoticeCode.ODD_LETTERS)
            encoding = "utf-8"
        elif encoding not in ("utf-8", "utf-16", "utf-32"):
            notes.append(NoticeCode.ENCODING_GUESSED)
    if "\x00" in text:
        text = text.replace("\x00", "")
        notes.append(NoticeCode.NUL_REMOVED)
    controls = sum(text.count(chr(code), 0, 65536) for code in (1, 2, 3, 4, 5, 6, 14, 15, 16))
    if controls > max(8, min(len(text), 65536) // 100):
        raise SheetError(SheetErrorCode.NOT_A_SHEET)
    return text, encoding, notes


def decode_head(data: bytes, encoding: str | None = None) -> tuple[str, str, str, list[str]]:
    """Return a text's first lines, its encoding, its codec, and the codes of notices about it.

    ``data`` is the start of the file; the codec is Python's name for decoding all of it, which may
    differ from the encoding by its byte order. Raises what `decode` raises.
    """
    is_wide = data[:4096].count(0) > len(data[:4096]) // 4
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    if is_wide or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        end = len(data) // 4 * 4
    text, found, notes = decode(data[: end or len(data)], encoding)
    codec = found
    if found == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-le" if data[1:4096:2].count(0) > data[:4096:2].count(0) else "utf-16-be"
    return text, found, "utf-8-sig" if found == "utf-8" else codec, notes


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _decode_strictly(data, "utf-32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_strictly(data, "utf-16")
    start = data[:4096]
    if start.count(0) > len(start) // 4:
        # Without a byte order mark, the zero bytes of Latin letters show the byte order.
        is_little = start[1::2].count(0) > start[::2].count(0)
        return _decode_strictly(data, "utf-16-le" if is_little else "utf-16-be")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    if (text := _decode_mostly_utf8(data)) is not None:
        return text, _MIXED
    return _guess_encoding(data)


def _decode_mostly_utf8(data: bytes) -> str | None:
    """Decode UTF-8 that contains a few bytes of another encoding, as in two joined files.

    One invalid byte must not turn every other letter into two wrong ones. Bytes that are not UTF-8
    are decoded as Windows-1252. Return None if they exceed one in five letters beyond ASCII.
    """
    invalid = 0

    def counted(error: UnicodeError) -> tuple[str, int]:
        nonlocal invalid
        assert isinstance(error, UnicodeDecodeError)
        invalid += error.end - error.start
        return _substitute_windows(error)

    codecs.register_error("sendout.counted", counted)
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "sendout.counted")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text if invalid * 5 <= beyond_ascii else None


def _substitute_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(SUBSTITUTE_WINDOWS, _substitute_windows)


def _decode_strictly(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), "utf-16" if "16" in encoding else "utf-32"
    except UnicodeDecodeError as error:
        raise SheetError(SheetErrorCode.DAMAGED) from error


def _guess_encoding(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    # Only lines with bytes beyond ASCII distinguish encodings.
    distinctive = b"\n".join(line for line in data.splitlines() if not line.isascii())
    encodings = ["cp1252", "latin-1"]
    beyond_ascii = len(distinctive) - len(distinctive.decode("ascii", "ignore"))
    if beyond_ascii >= _MIN_DISTINCTIVE_BYTES:
        matches = from_bytes(distinctive[:_ENCODING_SAMPLE_BYTES])
        best = matches.best()
        # Western and Central European letters share most bytes; the more common one wins a tie.
        tied = {
            match.encoding
            for match in matches
            if best and match.chaos <= best.chaos and match.coherence >= best.coherence
        }
        if best and "cp1252" not in tied:
            encodings.insert(0, best.encoding)
    for encoding in encodings:
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    raise SheetError(SheetErrorCode.DAMAGED)
