"""Recognise text files that are not tables, such as web pages and JSON, by their first characters.

A table may begin like one of them: with a column named "ID", or a cell such as ``{name}`` or
``<b>Ana</b>``. So more than the first cell is compared.
"""

import codecs
import json
import re
from typing import Final

from lib.sheet.errors import OtherFile, SheetError, SheetErrorCode

# How much of a file is decoded. Web pages can have long styles before the table.
START_BYTES: Final = 256 << 10

_UNICODE: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# Atomic, since comments can be read as one in many ways.
_PROLOGUE: Final = r"(?><\?[^>]*>\s*|<!--.*?-->\s*)*+"
_TAGS: Final = (
    "html|head|body|meta|title|style|script|link|base|table|caption|colgroup|col|thead|tbody|tr|td|th|"
    "div|font|p|br|hr|span|center|pre|form|b|i|u|a|img|strong|h[1-6]|ul|ol|section|main"
)  # fmt: skip
_HTML_START: Final = re.compile(
    rf"{_PROLOGUE}<(?:!doctype\s+html\b|(?:{_TAGS})(?:\s[^<>]*)?/?>)", re.IGNORECASE | re.DOTALL
)
# Evidence of a page, not of a cell with a tag: what a page has once, or several cells of a table.
_HTML_PARTS: Final = re.compile(
    r"<!doctype|<html\b|<body\b|</(?:head|table|thead|tbody|tr|td|th)\s*>"
    r"|<t[drh]\b[^>]*>.*?<t[drh]\b[^>]*>",
    re.IGNORECASE | re.DOTALL,
)
# A page in one file together with its pictures, as Excel saves it.
_MIME: Final = re.compile(
    r"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,20}?MIME-Version:\s*\d", re.IGNORECASE
)
_XML_DECLARATION: Final = re.compile(r"<\?xml\s")
# A root element and another below it.
_XML_ROOT: Final = re.compile(
    rf"{_PROLOGUE}(?:<!DOCTYPE[^>]*>\s*)?<[A-Za-z_][\w:.-]*(?:\s[^<>]*)?>\s*{_PROLOGUE}"
    r"<[A-Za-z_][\w:.-]*(?:\s[^<>]*)?/?>.*?</",
    re.DOTALL,
)
_XML_WORKBOOK: Final = re.compile(rf"{_PROLOGUE}<(?:\w+:)?Workbook\b", re.DOTALL)
_MSO_WORKBOOK: Final = re.compile(r"""<\?mso-application\s+progid=["']Excel\.Sheet""")
_FLAT_ODS: Final = re.compile(rf"{_PROLOGUE}<office:document\b[^>]*opendocument", re.DOTALL)

_CARD: Final = re.compile(r"BEGIN:VCARD[ \t]*(?:\r|\n)", re.IGNORECASE)
_CALENDAR: Final = re.compile(r"BEGIN:VCALENDAR[ \t]*(?:\r|\n)", re.IGNORECASE)
_DIF: Final = re.compile(r'TABLE[ \t]*\r?\n0,1[ \t]*\r?\n"', re.IGNORECASE)
# Records of a SYLK file: their type, then fields that begin with a letter.
_SYLK_ID: Final = re.compile(r"ID(?:;[A-Z][^;]*)+")
_SYLK_RECORD: Final = re.compile(r"(?:P|B|C|F|W|O|NN|NE|NU);[A-Z]|E$")
_LINES_COMPARED: Final = 6

_JSON_START: Final = re.compile(r'\{\s*(?:"(?:[^"\\\n]|\\.)*"\s*:|\})|\[\s*[\[{"\d\-\]tfn]')
_JSON_SEPARATOR: Final = re.compile(r"[\s,]*+")
_JSON_OBJECT: Final = re.compile(r'\[?\s*\{\s*"(?:[^"\\\n]|\\.)*"\s*:\s*["\d\-\[{tfn]')


def refuse_other_text(data: bytes) -> None:
    """Raise SheetError html_disguised or not_a_sheet for a text file that is not a table.

    ``data`` is the file, or at least its first `START_BYTES`.
    """
    text = _decode(data[:START_BYTES]).lstrip("\ufeff \t\r\n")
    if (_HTML_START.match(text) and _HTML_PARTS.search(text)) or _MIME.match(text):
        raise SheetError(SheetErrorCode.HTML_DISGUISED)
    kind = _other_kind(text, is_whole=len(data) < START_BYTES)
    if kind is not None:
        raise SheetError(SheetErrorCode.NOT_A_SHEET, kind=kind)


def _other_kind(text: str, *, is_whole: bool) -> OtherFile | None:
    if text.startswith("<"):
        return _kind_of_xml(text)
    if _CARD.match(text):
        return OtherFile.CONTACTS
    if _CALENDAR.match(text):
        return OtherFile.CALENDAR
    if _DIF.match(text):
        return OtherFile.DIF
    if _is_sylk(text):
        return OtherFile.SYLK
    return OtherFile.JSON if _is_json(text, is_whole=is_whole) else None


def _decode(start: bytes) -> str:
    """Return the start of a file as text; letters beyond ASCII don't matter here."""
    for mark, encoding in _UNICODE:
        if start.startswith(mark):
            return start.decode(encoding, "replace")
    if start[:400].count(0) > len(start[:400]) // 4:
        return start.replace(b"\x00", b"").decode("latin-1")
    return start.decode("latin-1")


def _kind_of_xml(text: str) -> OtherFile | None:
    if _MSO_WORKBOOK.search(text[:1000]) or _XML_WORKBOOK.match(text):
        return OtherFile.XML_WORKBOOK
    if _FLAT_ODS.match(text):
        return OtherFile.FLAT_ODS
    is_xml = _XML_DECLARATION.match(text) or _XML_ROOT.match(text)
    return OtherFile.XML if is_xml else None


def _is_sylk(text: str) -> bool:
    """Return whether all of the first lines are records of a SYLK file.

    The first is ``ID;P`` and the name of a program, like the column names "ID;Phone" of a table.
    """
    lines = [line.strip() for line in text[:4096].splitlines() if line.strip()][:_LINES_COMPARED]
    if len(lines) < 2 or not _SYLK_ID.fullmatch(lines[0]):
        return False
    return all(_SYLK_RECORD.match(line) for line in lines[1:])


def _is_json(text: str, *, is_whole: bool) -> bool:
    """Return whether a text is JSON: objects or lists and nothing else, also one on each line."""
    if not _JSON_START.match(text):
        return False
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at] not in "{[":
            return False
        try:
            _, end = decoder.raw_decode(text, at)
        except RecursionError:
            return True
        except ValueError:  # cut off, or JSON with small errors
            return not is_whole or _JSON_OBJECT.match(text, at) is not None
        separator = _JSON_SEPARATOR.match(text, end)
        assert separator is not None
        at = separator.end()
    return True
