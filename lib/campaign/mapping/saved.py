"""Saved mappings: what was confirmed for a sheet comes back with the next one of its kind.

Each is a JSON file in the data folder, for everybody who works there. Its id is made of the
campaign and the sheet's headers, so that confirming the same again replaces it.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from rapidfuzz import fuzz, process

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.campaign.mapping.model import FieldSource, Mapping
from lib.campaign.mapping.templates import rename_columns
from lib.settings import Settings
from lib.sheet import Sheet, plain_name

_ID: Final = re.compile(r"[0-9a-f]{16}")
_SHARED: Final = 0.6
_NEARLY: Final = 90
_SHORT: Final = 5


class SavedMapping(BaseModel):
    """A mapping as it was confirmed for a sheet with these headers."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    name: str
    saved_by: str
    saved_at: datetime
    headers: tuple[str, ...]
    mapping: Mapping


def save_mapping(
    mapping: Mapping, sheet: Sheet, *, saved_by: str, settings: Settings
) -> SavedMapping:
    """Keep a mapping under its campaign and the sheet's headers, with the name that it had.

    Raises OSError (see `is_disk_full`).
    """
    headers = tuple(sheet.frame.columns)
    campaign = _campaign(mapping)
    key = json.dumps([campaign, sorted(map(_plain, headers))])
    mapping_id = hashlib.sha256(key.encode()).hexdigest()[:16]
    path = _path(mapping_id, settings)
    with exclusive(_lock(settings)):
        before = _load(path)
        if before is None and path.exists():
            set_aside(path)
        saved = SavedMapping(
            id=mapping_id,
            name=before.name if before else campaign,
            saved_by=saved_by,
            saved_at=datetime.now(UTC),
            headers=headers,
            mapping=mapping,
        )
        _write(saved, settings)
    return saved


def saved_mappings(settings: Settings) -> list[SavedMapping]:
    """Return all saved mappings, the newest first; one that can't be read is passed over."""
    found = map(_load, settings.mappings_dir.glob("*.json"))
    return sorted((each for each in found if each), key=lambda each: each.saved_at, reverse=True)


def rename_mapping(mapping_id: str, name: str, settings: Settings) -> None:
    """Give a saved mapping another name; nothing happens where it is gone or the name empty."""
    with exclusive(_lock(settings)):
        saved = _load(_path(mapping_id, settings))
        if saved is not None and name.strip():
            _write(saved.model_copy(update={"name": name.strip()}), settings)


def delete_mapping(mapping_id: str, settings: Settings) -> None:
    """Remove a saved mapping for good; nothing happens where there is none of this id."""
    path = _path(mapping_id, settings)
    with exclusive(_lock(settings)):
        path.unlink(missing_ok=True)


def fitting_mappings(sheet: Sheet, saved: Sequence[SavedMapping]) -> list[SavedMapping]:
    """Return the saved mappings that fit the sheet, in its own headers, the best one first.

    One fits if the sheet has all columns that it uses, by (nearly) the same name, and most of its
    headers are those of the sheet that it was saved for. The newest wins among equals.
    """
    found: list[tuple[float, SavedMapping]] = []
    for each in saved:
        names = _matched(each.headers, list(sheet.frame.columns))
        likeness = len(names) / (len(each.headers) + len(sheet.frame.columns) - len(names))
        mapping = _renamed(each.mapping, names)
        if mapping is not None and likeness >= _SHARED:
            found.append((likeness, each.model_copy(update={"mapping": mapping})))
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def _matched(headers: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return for each header the column of the same name, or nearly; no column for two headers."""
    names: dict[str, str] = {}
    free = {column: _plain(column) for column in columns}
    same = {header: header for header in headers if header in free}
    for find in (same.get, lambda header: _same(header, free), lambda header: _near(header, free)):
        for header in headers:
            column = find(header) if header not in names else None
            if column is not None:
                names[header] = column
                del free[column]
    return names


def _same(header: str, free: dict[str, str]) -> str | None:
    return next((column for column, plain in free.items() if plain == _plain(header)), None)


def _near(header: str, free: dict[str, str]) -> str | None:
    wanted = _plain(header)
    if len(wanted) < _SHORT:
        return None
    best = process.extractOne(wanted, free, scorer=fuzz.ratio, score_cutoff=_NEARLY)
    return None if best is None else str(best[2])


def _renamed(mapping: Mapping, names: dict[str, str]) -> Mapping | None:
    """Return the mapping with other names for its columns; None where one has none."""
    if any(name not in names for name in mapping.columns):
        return None

    def put(source: FieldSource) -> FieldSource:
        if source.template is not None:
            return source.model_copy(update={"template": rename_columns(source.template, names)})
        if source.column is None:
            return source
        return source.model_copy(update={"column": names[source.column]})

    fields = {
        name: put(getattr(mapping, name))
        for name in Mapping.model_fields
        if name not in {"variables", "consent"}
    }
    variables = {name: put(source) for name, source in mapping.variables.items()}
    consent = {names[name]: use for name, use in mapping.consent.items() if name in names}
    return Mapping(**fields, variables=variables, consent=consent)


def _plain(header: str) -> str:
    return plain_name(header) or header


def _campaign(mapping: Mapping) -> str:
    source = mapping.campaign_name
    if source.column is not None:
        return f"Campaigns in “{source.column}”"
    return (source.template or source.value or "").strip()


def _load(path: Path) -> SavedMapping | None:
    with contextlib.suppress(FileNotFoundError, ValidationError):
        return SavedMapping.model_validate_json(path.read_bytes())
    return None


def _write(saved: SavedMapping, settings: Settings) -> None:
    write_atomically(_path(saved.id, settings), saved.model_dump_json().encode())


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "mappings.lock"


def _path(mapping_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(mapping_id):
        raise ValueError("this is no id of a saved mapping")
    return settings.mappings_dir / f"{mapping_id}.json"
