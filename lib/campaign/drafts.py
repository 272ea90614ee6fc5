"""Drafts: broadcasts in preparation, saved at every change."""

import contextlib
import re
import secrets
from collections.abc import Mapping as ReadOnlyMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.campaign.draft_merge import merged
from lib.campaign.mapping.model import Answers, Mapping
from lib.campaign.schedule import SendSchedule
from lib.settings import Settings
from lib.sheet.phones.default_country import Evidence

_ID: Final = re.compile(r"[A-Za-z0-9_-]{16}")
_UPLOAD: Final = re.compile(rb'"upload_id":\s*(?:null|"([\w.-]+)")')


def _new_id() -> str:
    return secrets.token_urlsafe(12)


class Draft(BaseModel):
    """One broadcast in preparation, from the upload to the run.

    ``place`` is the path of the sheet in an allowed root, if it was not uploaded. ``mapping_from``
    is the id of the saved mapping that was applied, if any. ``mapping_turn`` counts how often the
    mapping was replaced as a whole.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, serialize_by_alias=True
    )

    id: str = Field(default_factory=_new_id)
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    upload_id: str | None = None
    place: str | None = None
    sheet_id: str | None = None
    filename: str = ""
    worksheet: str | None = None
    mapping: Mapping | None = None
    mapping_confirmed: bool = False
    mapping_from: str | None = None
    mapping_turn: int = 0
    answers: Answers = Field(default_factory=Answers)
    schedule: SendSchedule | None = Field(
        default=None,
        validation_alias=AliasChoices("schedule", "course"),
        serialization_alias="course",
    )
    region_evidence: Evidence = Evidence.NOT_NEEDED
    region_hint: str | None = None
    run_id: str | None = None


def load_draft(draft_id: str, settings: Settings) -> Draft | None:
    """Return a saved draft; None if there is none with this id.

    A damaged file is renamed and treated as missing: see `is_damaged`.
    """
    if not _ID.fullmatch(draft_id):
        return None
    with exclusive(_lock(settings)):
        return _load_draft(draft_id, settings)


def is_damaged(draft_id: str, settings: Settings) -> bool:
    """Return whether a draft with this id was damaged and therefore renamed."""
    if not _ID.fullmatch(draft_id):
        return False
    path = _path(draft_id, settings)
    return path.with_name(f"{path.name}.damaged").exists()


def change_draft(drawn: Draft, changes: ReadOnlyMapping[str, Any], settings: Settings) -> Draft:
    """Apply changes made to a draft as it was drawn to its current state; return the saved draft.

    Only values that differ from ``drawn`` are applied (see `lib.campaign.draft_merge`), so edits
    made elsewhere are kept. A new sheet, and a mapping that is replaced as a whole (with
    ``mapping_from``), are not merged. A change made for a former sheet is dropped. If the draft no
    longer exists, it is saved again as it was drawn.

    Raises OSError (see `is_disk_full`).
    """
    with exclusive(_lock(settings)):
        now = _load_draft(drawn.id, settings)
        if now is None:
            return _save_draft(drawn.model_copy(update=dict(changes)), settings)
        if "sheet_id" in changes:
            return _save_draft(now.model_copy(update=dict(changes)), settings)
        if now.sheet_id != drawn.sheet_id:
            return now
        if now.mapping != drawn.mapping and "mapping" not in changes:
            # A mapping that another tab changed has not been seen, so it is not confirmed.
            changes = {name: each for name, each in changes.items() if name != "mapping_confirmed"}
        replaced = {"mapping"} if {"mapping", "mapping_from"} <= changes.keys() else set()
        update = {
            name: wanted
            if name in replaced
            else merged(getattr(drawn, name), wanted, getattr(now, name))
            for name, wanted in changes.items()
        }
        return _save_draft(now.model_copy(update=update), settings)


def save_draft(draft: Draft, settings: Settings) -> Draft:
    """Save a draft in a file that only its owner can read; return it with its new time."""
    with exclusive(_lock(settings)):
        return _save_draft(draft, settings)


def discard_old_drafts(before: float, settings: Settings) -> int:
    """Delete drafts, damaged ones included, last changed before a Unix time; return how many."""
    removed = 0
    with exclusive(_lock(settings)):
        for path in settings.drafts_dir.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
    return removed


def uploads_in_use(settings: Settings) -> frozenset[str] | None:
    """Return the ids of uploads that drafts refer to; None if a damaged one may refer to any.

    The ids are found by a text search, so most damaged drafts still count.
    """
    found = set()
    with exclusive(_lock(settings)):
        for path in settings.drafts_dir.glob("*"):
            if not path.is_file():
                continue
            named = _UPLOAD.search(path.read_bytes())
            if named is None:
                return None
            if named[1] is not None:
                found.add(named[1].decode())
    return frozenset(found)


def _load_draft(draft_id: str, settings: Settings) -> Draft | None:
    path = _path(draft_id, settings)
    try:
        draft = Draft.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        set_aside(path)
        return None
    if draft.id != draft_id:
        # A file without an id would be loaded with a new random id each time.
        set_aside(path)
        return None
    return draft


def _save_draft(draft: Draft, settings: Settings) -> Draft:
    kept = draft.model_copy(update={"updated_at": datetime.now(UTC)})
    write_atomically(_path(kept.id, settings), kept.model_dump_json().encode())
    return kept


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "drafts.lock"


def _path(draft_id: str, settings: Settings) -> Path:
    return settings.drafts_dir / f"{draft_id}.json"
