"""Find files below the folders and addresses that an administrator allows."""

import hashlib
import json
import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from lib.sheet.errors import SheetError, SheetErrorCode
from lib.sheet.store.byte_source import file_system

if TYPE_CHECKING:
    from lib.settings import Settings

# Facts that change when a file changes, by the names that storages use.
_VERSION_FACTS: Final = ("size", "mtime", "LastModified", "ETag", "etag", "created", "ino")


@dataclass(frozen=True)
class SharedFile:
    """A file below a root: its address, the name to show, and a digest of its version."""

    url: str
    filename: str
    digest: bytes


def find_shared(place: str, settings: "Settings") -> SharedFile:
    """Return the file at this path or address.

    Raises SheetError: place_not_allowed, place_gone, place_unreachable, empty_file.
    """
    urls = [url for root in settings.sheet_allowed_roots if (url := _below(root, place.strip()))]
    for url in urls:
        facts = _file_facts(url)
        if facts.get("type") == "file":
            return _shared_file(url, facts)
    raise SheetError(SheetErrorCode.PLACE_GONE if urls else SheetErrorCode.PLACE_NOT_ALLOWED)


def _file_facts(url: str) -> dict[str, Any]:
    """Return what the storage reports about a file; empty if there is none."""
    try:
        system, path = file_system(url)
        facts: dict[str, Any] = system.info(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except Exception:  # noqa: BLE001 - each storage has its own errors, which may hold its address
        raise SheetError(SheetErrorCode.PLACE_UNREACHABLE) from None
    return facts


def _shared_file(url: str, facts: dict[str, Any]) -> SharedFile:
    """Return the file with these facts. Raises SheetError empty_file."""
    if facts.get("size") == 0:
        raise SheetError(SheetErrorCode.EMPTY_FILE)
    version = [[key, str(facts[key])] for key in _VERSION_FACTS if facts.get(key) is not None]
    digest = hashlib.sha256(json.dumps([url, version]).encode()).digest()
    return SharedFile(url, posixpath.basename(url), digest)


def _below(root: str, place: str) -> str | None:
    """Return the address of a place if it is below this root, else None."""
    if not place or "\0" in place or "::" in place:
        return None
    if "://" in root:
        return _below_address(root, place)
    if "://" in place:
        return None
    base = Path(root).expanduser().resolve()
    # Resolve links first: their target must be below the root.
    path = (base / place).resolve()
    return str(path) if path.is_relative_to(base) and path != base else None


def _below_address(root: str, place: str) -> str | None:
    """Return the address of a place if it is below this root address, else None."""
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
    """Return a root without the user name and password that its address may contain."""
    scheme, sign, rest = root.rpartition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}" if sign else root
