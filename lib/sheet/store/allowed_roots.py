"""Files that lie where an administrator allows: found by a path or an address, and nowhere else."""

import hashlib
import json
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from lib.sheet.errors import sheet_error
from lib.sheet.store.byte_source import file_system

if TYPE_CHECKING:
    from lib.settings import Settings

# What tells that a file has changed, as the storages call it.
_MARKS: Final = ("size", "mtime", "LastModified", "ETag", "etag", "created", "ino")


@dataclass(frozen=True)
class Shared:
    """A file below a root: its address, what people call it, and what changes with its content."""

    url: str
    filename: str
    digest: bytes


def find_shared(place: str, settings: "Settings") -> Shared:
    """Return the file at this place.

    Raises SheetError: place_not_allowed, place_gone, place_unreachable, empty_file.
    """
    urls = [url for root in settings.sheet_allowed_roots if (url := _below(root, place.strip()))]
    for url in urls:
        facts = _facts(url)
        if facts.get("type") == "file":
            return _shared(url, facts)
    raise sheet_error("place_gone" if urls else "place_not_allowed")


def _facts(url: str) -> dict[str, Any]:
    """Return what the storage knows of a file; nothing where it is not there."""
    try:
        system, path = file_system(url)
        facts: dict[str, Any] = system.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Exception:  # noqa: BLE001 - each storage has errors of its own, which may hold its address
        raise sheet_error("place_unreachable") from None
    return facts


def _shared(url: str, facts: dict[str, Any]) -> Shared:
    if facts.get("size") == 0:
        raise sheet_error("empty_file")
    marks = [[mark, str(facts[mark])] for mark in _MARKS if facts.get(mark) is not None]
    digest = hashlib.sha256(json.dumps([url, marks]).encode()).digest()
    return Shared(url, posixpath.basename(url), digest)


def _below(root: str, place: str) -> str | None:
    """Return the place's address if it is below this root; None where it is not."""
    if not place or "\0" in place or "::" in place:
        return None
    if "://" in root:
        return _below_address(root, place)
    if "://" in place:
        return None
    base = Path(root).expanduser().resolve()
    # Links are followed first: what counts is where the file truly lies.
    path = (base / place).resolve()
    return str(path) if path.is_relative_to(base) and path != base else None


def _below_address(root: str, place: str) -> str | None:
    base = root.rstrip("/") + "/"
    if "://" not in place:
        if place.startswith("/"):
            return None
        place = base + place
    rest = place.removeprefix(base)
    if rest == place or not rest:
        return None
    parts = unquote(unquote(rest)).replace("\\", "/").split("/")
    if any(part in ("", ".", "..") for part in parts) or any(sign in rest for sign in "?#"):
        return None
    return place


def shown_root(root: str) -> str:
    """Return a root as people may see it: without the name and password that it may hold."""
    scheme, sign, rest = root.rpartition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}" if sign else root
