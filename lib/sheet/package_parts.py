"""Parts of a ZIP package by their standard names, which do not depend on case or slashes.

The names of parts are compared without regard to case (ECMA-376, part 2), and some programs write
backslashes. Where the main part is, only relationships say.
"""

import codecs
import posixpath
import re
import zipfile
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

_OFFICE_DOCUMENT: Final = "officeDocument"
_DECLARED_ENCODING: Final = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*)["']([^"']*)["']""")


class Relationship(NamedTuple):
    """A reference to a part: its id, the end of its type, and the target's path as written."""

    id: str
    kind: str
    target: str


class PackageParts:
    """The parts of an archive. Names are standard: lowercase, with slashes, without one in front.

    Methods raise KeyError if a part is missing, ET.ParseError if its XML is not well-formed, and
    zipfile.BadZipFile or zlib.error if the archive is damaged.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.stored = {standard_name(name): name for name in archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return name in self.stored

    def read(self, name: str) -> bytes:
        """Return the content of a part."""
        return self._archive.read(self.stored[name])

    def start(self, name: str, size: int) -> bytes:
        """Return the first ``size`` bytes of a part, or all if it is shorter."""
        with self._archive.open(self.stored[name]) as stream:
            return stream.read(size)

    def relationships(self, source: str) -> list[Relationship]:
        """Return the relationships of a part, or those of the package for "", in their order."""
        folder, name = posixpath.split(source)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path not in self:
            return []
        root = ET.fromstring(self.read(path))  # noqa: S314 - the process has limits
        return [
            Relationship(
                id=each.get("Id", ""),
                kind=each.get("Type", "").rpartition("/")[2],
                target=_resolve(folder, each.get("Target", "")),
            )
            for each in root
        ]

    def office_document(self) -> str | None:
        """Return the name of the main part, or None if no relationship names one that exists."""
        targets = (
            standard_name(each.target)
            for each in self.relationships("")
            if each.kind == _OFFICE_DOCUMENT
        )
        return next((target for target in targets if target in self), None)


def standard_name(name: str) -> str:
    """Return a part's name in lowercase, with slashes, and without a slash in front."""
    return name.replace("\\", "/").lstrip("/").lower()


def _resolve(folder: str, target: str) -> str:
    target = target.replace("\\", "/")
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")


def is_utf8(start: bytes) -> bool:
    """Return whether a part of XML that begins with these bytes is encoded in UTF-8."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in start[:4]:
        return False
    declared = _DECLARED_ENCODING.match(start.decode("ascii", "replace").lstrip("\ufffd"))
    return declared is None or declared[2].lower() in ("utf-8", "utf8", "us-ascii")


def to_utf8(content: bytes) -> bytes:
    """Return a part of XML in UTF-8. Raises UnicodeError or LookupError if it can't be decoded."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\x00" in content[:4]:
        encoding = "utf-16-le" if content[1] == 0 else "utf-16-be"
    else:
        declared = _DECLARED_ENCODING.match(content[:200].decode("ascii", "replace"))
        encoding = declared[2] if declared else "utf-8"
    text = content.decode(encoding)
    return _DECLARED_ENCODING.sub(r'\g<1>"UTF-8"', text, count=1).encode()
