"""Drafts: sendouts that are being prepared, kept at every change so that nothing is lost."""

import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lib.campaign.course import Course
from lib.campaign.mapping import Answers, Mapping
from lib.files import write_atomically
from lib.settings import Settings
from lib.sheet.phone_regions import Evidence

_ID: Final = re.compile(r"[A-Za-z0-9_-]{16}")


def _new_id() -> str:
    return secrets.token_urlsafe(12)


class Draft(BaseModel):
    """One sendout in preparation, from the first upload to the run that came of it.

    ``mapping_from`` is the saved mapping that this one came from, if any; ``mapping_turn`` counts
    how often the mapping was replaced as a whole.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

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
    course: Course | None = None
    region_evidence: Evidence = Evidence.NOT_NEEDED
    region_hint: str | None = None
    run_id: str | None = None


def load_draft(draft_id: str, settings: Settings) -> Draft | None:
    """Return a kept draft; None where there is none of this id, or it can't be read."""
    if not _ID.fullmatch(draft_id):
        return None
    try:
        return Draft.model_validate_json(_path(draft_id, settings).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def save_draft(draft: Draft, settings: Settings) -> Draft:
    """Keep a draft, readable by its owner only, and return it with its new time."""
    kept = draft.model_copy(update={"updated_at": datetime.now(UTC)})
    write_atomically(_path(kept.id, settings), kept.model_dump_json().encode())
    return kept


def _path(draft_id: str, settings: Settings) -> Path:
    return settings.drafts_dir / f"{draft_id}.json"
