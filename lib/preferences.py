"""Preferences of a person: own phone number and default country."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.settings import Settings


class Preferences(BaseModel):
    """The preferences of one person."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    own_phone: str = ""
    region: str | None = None


def load_preferences(who: str, settings: Settings) -> Preferences:
    """Return a person's preferences, with defaults from the settings."""
    try:
        stored = _load_preferences(who, settings)
    except ValidationError:
        stored = Preferences()
    if stored.region is None:
        return stored.model_copy(update={"region": settings.default_region})
    return stored


def change_preferences(who: str, settings: Settings, **changes: str | None) -> None:
    """Change some of a person's preferences and keep the others.

    A damaged file is set aside and replaced.
    """
    with exclusive(settings.data_dir / "preferences.lock"):
        try:
            now = _load_preferences(who, settings)
        except ValidationError:
            set_aside(_path(who, settings))
            now = Preferences()
        save_preferences(who, now.model_copy(update=changes), settings)


def save_preferences(who: str, preferences: Preferences, settings: Settings) -> None:
    """Save a person's preferences in the data folder, readable by its owner only."""
    write_atomically(_path(who, settings), preferences.model_dump_json().encode())


def _load_preferences(who: str, settings: Settings) -> Preferences:
    try:
        return Preferences.model_validate_json(_path(who, settings).read_bytes())
    except FileNotFoundError:
        return Preferences()


def _path(who: str, settings: Settings) -> Path:
    return settings.data_dir / "preferences" / f"{who}.json"
