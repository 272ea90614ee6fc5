"""Drafts: sendouts that are being prepared, kept at every change so that nothing is lost."""

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
    """One sendout in preparation, from the first upload to the run that came of it.

    ``mapping_from`` is the saved mapping that this one came from, if any; ``mapping_turn`` counts
    how often the mapping was replaced as a whole.
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
    """Return a kept draft; None where there is none of this id.

    A damaged one is set aside and counts as none: see `is_damaged`.
    """
    if not _ID.fullmatch(draft_id):
        return None
    with exclusive(_lock(settings)):
        return _load(draft_id, settings)


def is_damaged(draft_id: str, settings: Settings) -> bool:
    """Tell whether a draft of this id has been set aside since it could not be read."""
    if not _ID.fullmatch(draft_id):
        return False
    path = _path(draft_id, settings)
    return path.with_name(f"{path.name}.damaged").exists()


def change_draft(drawn: Draft, changes: ReadOnlyMapping[str, Any], settings: Settings) -> Draft:
    """Apply changes that were made to a draft as it was drawn to the draft as it is now.

    Only fields that differ from ``drawn`` are applied (see `lib.campaign.draft_merge`), so other
    edits are kept. A new sheet, and a mapping that is replaced as a whole (with ``mapping_from``),
    are taken as they are; a change made for a former sheet is dropped. If the draft no longer
    exists, it is saved again as it was drawn. Return the draft as saved.

    Raises OSError (see `is_disk_full`).
    """
    with exclusive(_lock(settings)):
        now = _load(drawn.id, settings)
        if now is None:
            return _save(drawn.model_copy(update=dict(changes)), settings)
        if "sheet_id" in changes:
            return _save(now.model_copy(update=dict(changes)), settings)
        if now.sheet_id != drawn.sheet_id:
            return now
        if now.mapping != drawn.mapping and "mapping" not in changes:
            # Nobody confirms a mapping that another tab has changed meanwhile.
            changes = {name: each for name, each in changes.items() if name != "mapping_confirmed"}
        whole = {"mapping"} if {"mapping", "mapping_from"} <= changes.keys() else set()
        update = {
            name: wanted
            if name in whole
            else merged(getattr(drawn, name), wanted, getattr(now, name))
            for name, wanted in changes.items()
        }
        return _save(now.model_copy(update=update), settings)


def save_draft(draft: Draft, settings: Settings) -> Draft:
    """Keep a draft as it is, readable by its owner only, and return it with its new time."""
    with exclusive(_lock(settings)):
        return _save(draft, settings)


def discard_old_drafts(before: float, settings: Settings) -> int:
    """Remove drafts not changed since this time, damaged ones among them; return how many."""
    removed = 0
    with exclusive(_lock(settings)):
        for path in settings.drafts_dir.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
    return removed


def uploads_in_use(settings: Settings) -> frozenset[str] | None:
    """Return the uploads that drafts need, None where a draft is too damaged to say.

    It is found without reading the drafts as such, so that a damaged one can still say it.
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


def _load(draft_id: str, settings: Settings) -> Draft | None:
    path = _path(draft_id, settings)
    try:
        draft = Draft.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        set_aside(path)
        return None
    if draft.id != draft_id:
        # Without its id, the file would come back as another draft at each reading.
        set_aside(path)
        return None
    return draft


def _save(draft: Draft, settings: Settings) -> Draft:
    kept = draft.model_copy(update={"updated_at": datetime.now(UTC)})
    write_atomically(_path(kept.id, settings), kept.model_dump_json().encode())
    return kept


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "drafts.lock"


def _path(draft_id: str, settings: Settings) -> Path:
    return settings.drafts_dir / f"{draft_id}.json"
