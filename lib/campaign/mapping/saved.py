"""Saved mappings, which are offered again for sheets with similar headers.

Each is a JSON file in the data folder and shared by all users. Its id is derived from the campaign
and the sheet's headers, so confirming the same mapping again replaces it.
"""

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rapidfuzz import fuzz, process

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.campaign.mapping.consent import remembered_uses
from lib.campaign.mapping.model import Answers, FieldSource, Mapping
from lib.campaign.mapping.templates import rename_columns
from lib.settings import Settings
from lib.sheet import Sheet, plain_name
from lib.sheet.phones.codes import Reading

_ID: Final = re.compile(r"[0-9a-f]{16}")
# The share of headers that two sheets must have in common, from 0 to 1.
_MIN_SHARED: Final = 0.6
# How similar two headers must be to count as the same, from 0 to 100.
_MIN_SIMILARITY: Final = 90
# Shorter headers must be equal.
_MIN_CHARACTERS: Final = 5


class SavedMapping(BaseModel):
    """A mapping that was confirmed for a sheet with these headers.

    ``region`` and ``phone_readings`` are the answers about its phones (see `Answers`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    name: str
    saved_by: str
    saved_at: datetime
    headers: tuple[str, ...]
    mapping: Mapping
    region: str | None = None
    phone_readings: dict[str, Reading] = Field(default_factory=dict)


def save_mapping(
    mapping: Mapping,
    sheet: Sheet,
    *,
    answers: Answers | None = None,
    saved_by: str,
    settings: Settings,
) -> SavedMapping:
    """Save a mapping for its campaign and the sheet's headers, and return it.

    The answers about phones are saved with it. That a column of refusals is not used as consent is
    not saved: it holds for this sheet only.

    A mapping that is replaced passes its name on. Raises OSError (see `is_disk_full`).
    """
    headers = tuple(sheet.frame.columns)
    campaign = _campaign_label(mapping)
    key = json.dumps([campaign, sorted(map(_plain_name, headers))])
    mapping_id = hashlib.sha256(key.encode()).hexdigest()[:16]
    path = _path(mapping_id, settings)
    with exclusive(_lock(settings)):
        before = _load_mapping(path)
        if before is None and path.exists():
            set_aside(path)
        saved = SavedMapping(
            id=mapping_id,
            name=before.name if before else campaign,
            saved_by=saved_by,
            saved_at=datetime.now(UTC),
            headers=headers,
            mapping=_without_releases(mapping, sheet),
            region=answers.region if answers else None,
            phone_readings=_lasting(answers.phone_readings) if answers else {},
        )
        _write_mapping(saved, settings)
    return saved


def saved_mappings(settings: Settings) -> list[SavedMapping]:
    """Return all saved mappings, newest first. Damaged files are skipped."""
    found = map(_load_mapping, settings.mappings_dir.glob("*.json"))
    return sorted((each for each in found if each), key=lambda each: each.saved_at, reverse=True)


def rename_mapping(mapping_id: str, name: str, settings: Settings) -> None:
    """Rename a saved mapping. An unknown id and an empty name are ignored."""
    with exclusive(_lock(settings)):
        saved = _load_mapping(_path(mapping_id, settings))
        if saved is not None and name.strip():
            _write_mapping(saved.model_copy(update={"name": name.strip()}), settings)


def delete_mapping(mapping_id: str, settings: Settings) -> None:
    """Delete a saved mapping. An unknown id is ignored."""
    path = _path(mapping_id, settings)
    with exclusive(_lock(settings)):
        path.unlink(missing_ok=True)


def fitting_mappings(sheet: Sheet, saved: Sequence[SavedMapping]) -> list[SavedMapping]:
    """Return the saved mappings that fit the sheet, best first, with the sheet's own headers.

    A mapping fits if the sheet has every column it uses, under the same or a very similar name, and
    at least 60% of both sheets' headers are shared. Equally good mappings stay in their order.

    Columns in which people refuse messages have their default use unless they hold rows back.
    """
    found: list[tuple[float, SavedMapping]] = []
    for each in saved:
        names = _match_headers(each.headers, list(sheet.frame.columns))
        similarity = len(names) / (len(each.headers) + len(sheet.frame.columns) - len(names))
        mapping = _rename_columns(each.mapping, names)
        if mapping is not None and similarity >= _MIN_SHARED:
            mapping = _without_releases(mapping, sheet)
            found.append((similarity, each.model_copy(update={"mapping": mapping})))
    return [each for _, each in sorted(found, key=lambda pair: -pair[0])]


def _match_headers(headers: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """Return for each header a column with the same or a similar name, each column at most once."""
    names: dict[str, str] = {}
    free = {column: _plain_name(column) for column in columns}
    same = {header: header for header in headers if header in free}
    for find in (
        same.get,
        lambda header: _same_plain_name(header, free),
        lambda header: _similar_name(header, free),
    ):
        for header in headers:
            column = find(header) if header not in names else None
            if column is not None:
                names[header] = column
                del free[column]
    return names


def _same_plain_name(header: str, free: dict[str, str]) -> str | None:
    return next((column for column, plain in free.items() if plain == _plain_name(header)), None)


def _similar_name(header: str, free: dict[str, str]) -> str | None:
    wanted = _plain_name(header)
    if len(wanted) < _MIN_CHARACTERS:
        return None
    best = process.extractOne(wanted, free, scorer=fuzz.ratio, score_cutoff=_MIN_SIMILARITY)
    return None if best is None else str(best[2])


def _rename_columns(mapping: Mapping, names: dict[str, str]) -> Mapping | None:
    """Return the mapping with its columns renamed; None if a column has no new name."""
    if any(name not in names for name in mapping.columns):
        return None

    def rename_source(source: FieldSource) -> FieldSource:
        if source.template is not None:
            return source.model_copy(update={"template": rename_columns(source.template, names)})
        if source.column is None:
            return source
        return source.model_copy(update={"column": names[source.column]})

    fields = {
        name: rename_source(getattr(mapping, name))
        for name in Mapping.model_fields
        if name not in {"variables", "consent"}
    }
    variables = {name: rename_source(source) for name, source in mapping.variables.items()}
    consent = {names[name]: use for name, use in mapping.consent.items() if name in names}
    return Mapping(**fields, variables=variables, consent=consent)


def _without_releases(mapping: Mapping, sheet: Sheet) -> Mapping:
    uses = remembered_uses(sheet, mapping.consent)
    return mapping.model_copy(update={"consent": uses})


def _plain_name(header: str) -> str:
    return plain_name(header) or header


def _lasting(readings: dict[str, Reading]) -> dict[str, Reading]:
    """Return the answers about a code and a country, which hold for other sheets too."""
    return {key: reading for key, reading in readings.items() if ":" in key}


def _campaign_label(mapping: Mapping) -> str:
    """Return the campaign as it goes into a saved mapping's id, so never translated."""
    source = mapping.campaign_name
    if source.column is not None:
        return f"Campaigns in “{source.column}”"
    return (source.template or source.value or "").strip()


def _load_mapping(path: Path) -> SavedMapping | None:
    with contextlib.suppress(FileNotFoundError, ValidationError):
        return SavedMapping.model_validate_json(path.read_bytes())
    return None


def _write_mapping(saved: SavedMapping, settings: Settings) -> None:
    write_atomically(_path(saved.id, settings), saved.model_dump_json().encode())


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "mappings.lock"


def _path(mapping_id: str, settings: Settings) -> Path:
    if not _ID.fullmatch(mapping_id):
        raise ValueError("not the id of a saved mapping")
    return settings.mappings_dir / f"{mapping_id}.json"
