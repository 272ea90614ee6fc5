"""Detect and decode the encoding of delimited text."""

import codecs

from lib.sheet.errors import sheet_error

_ENCODING_SAMPLE_BYTES = 256 * 1024


_MIXED = "utf-8 with others"


_TELLING_BYTES = 40  # with fewer letters beyond ASCII, statistics only mislead


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str, list[str]]:
    """Return the text, its encoding, and the codes of notes about it."""
    notes: list[str] = []
    if encoding is not None:
        text = data.decode(encoding, "replace").removeprefix("\ufeff")
    else:
        text, encoding = _decode(data)
        if encoding == _MIXED:
            notes.append("odd_letters")
            encoding = "utf-8"
        elif encoding not in ("utf-8", "utf-16", "utf-32"):
            notes.append("encoding_guessed")
    if "\x00" in text:
        text = text.replace("\x00", "")
        notes.append("nul_removed")
    controls = sum(text.count(chr(code), 0, 65536) for code in (1, 2, 3, 4, 5, 6, 14, 15, 16))
    if controls > max(8, min(len(text), 65536) // 100):
        raise sheet_error("not_a_sheet", kind="a file of an unknown kind")
    return text, encoding, notes


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return _strictly(data, "utf-32")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strictly(data, "utf-16")
    start = data[:4096]
    if start.count(0) > len(start) // 4:
        # No byte order mark: in text of mostly Latin letters the empty halves tell the order.
        little = start[1::2].count(0) > start[::2].count(0)
        return _strictly(data, "utf-16-le" if little else "utf-16-be")
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    if (text := _mostly_utf8(data)) is not None:
        return text, _MIXED
    return _guess(data)


def _mostly_utf8(data: bytes) -> str | None:
    """Read UTF-8 in which a few bytes are of another encoding, as where two files were joined.

    One bad byte must not turn every other letter into two wrong ones. Bytes that make no UTF-8
    are read as Windows does; None where they are more than one in five letters beyond ASCII.
    """
    odd = 0

    def counted(error: UnicodeError) -> tuple[str, int]:
        nonlocal odd
        assert isinstance(error, UnicodeDecodeError)
        odd += error.end - error.start
        return _as_windows(error)

    codecs.register_error("sendout.counted", counted)
    text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8", "sendout.counted")
    beyond = len(text) - len(text.encode("ascii", "ignore"))
    return text if odd * 5 <= beyond else None


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


def start_of(head: bytes, encoding: str | None = None) -> tuple[str, str, str, list[str]]:
    """Return a large text's first lines, its encoding, its codec, and the codes of notes.

    ``head`` are its first bytes; ``codec`` is what Python calls the way to read all of them.
    """
    wide = head[:4096].count(0) > len(head[:4096]) // 4
    end = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    if wide or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        end = len(head) // 4 * 4
    text, found, notes = decode(head[: end or len(head)], encoding)
    codec = found
    if found == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-le" if head[1:4096:2].count(0) > head[:4096:2].count(0) else "utf-16-be"
    return text, found, "utf-8-sig" if found == "utf-8" else codec, notes


def _strictly(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), "utf-16" if "16" in encoding else "utf-32"
    except UnicodeDecodeError as error:
        raise sheet_error("damaged") from error


def _guess(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    # The lines with other than ASCII are what tells encodings apart.
    telling = b"\n".join(line for line in data.splitlines() if not line.isascii())
    encodings = ["cp1252", "latin-1"]
    if len(telling) - len(telling.decode("ascii", "ignore")) >= _TELLING_BYTES:
        matches = from_bytes(telling[:_ENCODING_SAMPLE_BYTES])
        best = matches.best()
        # Western and Central European letters share most bytes: a tie goes to the commoner one.
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
    raise sheet_error("damaged")
