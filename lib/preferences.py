"""What a person has told us once and should not be asked again: own phone, default country."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.settings import Settings


class Preferences(BaseModel):
    """One person's preferences."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    own_phone: str = ""
    region: str | None = None


def load_preferences(who: str, settings: Settings) -> Preferences:
    """Return this person's preferences; where there are none, those of the settings."""
    try:
        kept = _load(who, settings)
    except ValidationError:
        kept = Preferences()
    if kept.region is None:
        return kept.model_copy(update={"region": settings.default_region})
    return kept


def change_preferences(who: str, settings: Settings, **changes: str | None) -> None:
    """Change some of this person's preferences and leave the others as they are now.

    A damaged file is set aside and begun anew.
    """
    with exclusive(settings.data_dir / "preferences.lock"):
        try:
            now = _load(who, settings)
        except ValidationError:
            set_aside(_path(who, settings))
            now = Preferences()
        save_preferences(who, now.model_copy(update=changes), settings)


def save_preferences(who: str, preferences: Preferences, settings: Settings) -> None:
    """Keep this person's preferences in the data folder, readable by its owner only."""
    write_atomically(_path(who, settings), preferences.model_dump_json().encode())


def _load(who: str, settings: Settings) -> Preferences:
    try:
        return Preferences.model_validate_json(_path(who, settings).read_bytes())
    except FileNotFoundError:
        return Preferences()


def _path(who: str, settings: Settings) -> Path:
    return settings.data_dir / "preferences" / f"{who}.json"
