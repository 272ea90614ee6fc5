"""All settings of Sendout Studio, from the environment and the secrets file.

Environment variables start with ``SENDOUT_``, with two underscores between levels:
``SENDOUT_CONNECTIONS__ACME__API_KEY``. The table ``[sendout]`` of ``.streamlit/secrets.toml`` takes
the same names in lower case. The environment takes precedence.
"""

import functools
import logging
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

ROOT = Path(__file__).resolve().parent.parent
SECRETS_FILE = ROOT / ".streamlit" / "secrets.toml"

RELEASE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

MIB = 1024 * 1024

FORMER_NAMES: Final = {"keep_days": "retention_days", "sheet_roots": "sheet_allowed_roots"}
"""Settings that were renamed, by their former names, which still work."""

_LOGGER: Final = logging.getLogger(__name__)


class ConnectionSettings(BaseModel):
    """A business on Connectly, as configured by an administrator."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    business_id: str
    api_key: SecretStr
    base_url: str = "https://api.connectly.ai"
    rate: float = Field(default=193.5, gt=0, le=200, description="requests a second")


class _SecretsFile(PydanticBaseSettingsSource):
    """Read the table ``[sendout]`` of the secrets file, if there is one."""

    def __call__(self) -> dict[str, Any]:
        try:
            table = tomllib.loads(SECRETS_FILE.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        found: dict[str, Any] = table.get("sendout", {})
        return _under_present_names(found)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Required by the base class; `__call__` reads the whole table."""
        raise NotImplementedError


class _FormerEnvironment(PydanticBaseSettingsSource):
    """Read settings from environment variables that were renamed."""

    def __call__(self) -> dict[str, Any]:
        given = {
            name: os.environ[f"SENDOUT_{name.upper()}"]
            for name in FORMER_NAMES
            if f"SENDOUT_{name.upper()}" in os.environ
        }
        return _under_present_names(given)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Required by the base class; `__call__` reads all variables."""
        raise NotImplementedError


def _under_present_names(given: dict[str, Any]) -> dict[str, Any]:
    """Rename settings that are given under a former name, with a warning for each."""
    renamed = {}
    for name, value in given.items():
        present = FORMER_NAMES.get(name, name)
        if present != name:
            _LOGGER.warning(
                "The setting SENDOUT_%s is called SENDOUT_%s now. The former name still works.",
                name.upper(),
                present.upper(),
            )
            if present in given:
                continue
        renamed[present] = value
    return renamed


def _split_list(value: Any) -> Any:
    """Split a text at commas and line breaks; return a list unchanged."""
    if not isinstance(value, str):
        return value
    return [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]


_Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_list)]


class Settings(BaseSettings):
    """All settings, with their default values."""

    model_config = SettingsConfigDict(
        env_prefix="SENDOUT_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    data_dir: Path = Field(default=Path("data"), description="folder for all data")
    state_dir: Path = Field(
        default_factory=lambda: (
            Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "sendout-studio"
        ),
        description="folder outside of the data folder, by which a restored or copied data folder "
        "is recognised",
    )
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL database for the ledger, shared by several machines"
    )
    storage_url: SecretStr | None = Field(
        default=None,
        description="storage for sheets, plans and exclude lists, shared by several machines",
    )
    sandbox_port: int = Field(
        default=8502, ge=0, le=65535, description="port of the sandbox; another one if it is in use"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of the worker's Prometheus metrics"
    )
    metrics_address: str = Field(
        default="127.0.0.1", description="address of the metrics; by default this machine only"
    )
    default_region: str | None = Field(
        default=None,
        description="country of phone numbers without a country code (ISO 3166, two letters)",
    )
    connections: dict[str, ConnectionSettings] = Field(
        default_factory=dict, description="businesses on Connectly, by name"
    )

    sign_in_emails: _Texts = Field(
        default=(), description="verified e-mail addresses that may sign in"
    )
    sign_in_domains: _Texts = Field(
        default=(), description="domains whose verified e-mail addresses may sign in"
    )
    sign_in_claim: str | None = Field(
        default=None, description="claim of the identity provider that allows sign-in"
    )
    sign_in_claim_value: str | None = Field(
        default=None, description="required value of that claim"
    )
    open_to_all: bool = Field(
        default=False, description="allow a network without sign-in: anyone there can send"
    )
    allowed_hosts: _Texts = Field(default=(), description="additional host names of the app")

    upload_max_session_bytes: int = Field(
        default=300 * MIB, gt=0, description="maximum size of all uploads of one tab"
    )
    upload_max_total_bytes: int = Field(
        default=600 * MIB, gt=0, description="maximum size of all uploads of all tabs"
    )
    upload_max_seconds: float = Field(
        default=600.0, gt=0, description="maximum duration of an upload"
    )
    upload_stall_seconds: float = Field(
        default=20.0, gt=0, description="maximum pause of an upload"
    )

    retention_days: int = Field(
        default=90, ge=1, description="days until reports, old drafts and their uploads are deleted"
    )

    connect_timeout: float = Field(default=10.0, gt=0, description="seconds")
    read_timeout: float = Field(default=30.0, gt=0, description="seconds")

    sheet_max_bytes: int = Field(default=100 * MIB, gt=0, description="maximum size of a sheet")
    sheet_max_rows: int = Field(default=2_000_000, gt=0)
    sheet_max_columns: int = Field(default=1_000, gt=0)
    sheet_max_cells: int = Field(default=50_000_000, gt=0)
    sheet_max_memory: int = Field(
        default=2048 * MIB, gt=0, description="maximum memory of the process that reads a sheet"
    )
    sheet_max_seconds: float = Field(default=60.0, gt=0, description="maximum time to read a sheet")

    sheet_allowed_roots: _Texts = Field(
        default=(), description="paths and URLs under which large sheets may be read"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class passes it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class passes it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use arguments first, then the environment, then the secrets file."""
        return (
            init_settings,
            env_settings,
            _FormerEnvironment(settings_cls),
            _SecretsFile(settings_cls),
        )

    @property
    def sheets_dir(self) -> Path:
        """Uploaded sheets, as Arrow files."""
        return self.data_dir / "sheets"

    @property
    def uploads_dir(self) -> Path:
        """Uploaded files, kept so that they can be read again with other options."""
        return self.data_dir / "uploads"

    @property
    def exclusions_dir(self) -> Path:
        """Exclude lists, as Parquet files."""
        return self.data_dir / "exclusions"

    @property
    def plans_dir(self) -> Path:
        """Confirmed plans, as Parquet files."""
        return self.data_dir / "plans"

    @property
    def reached_dir(self) -> Path:
        """Indexes of previous recipients, which can be rebuilt."""
        return self.data_dir / "reached"

    @property
    def drafts_dir(self) -> Path:
        """Broadcasts in preparation."""
        return self.data_dir / "drafts"

    @property
    def mappings_dir(self) -> Path:
        """Saved mappings."""
        return self.data_dir / "mappings"

    @property
    def reports_dir(self) -> Path:
        """Reports for download."""
        return self.data_dir / "reports"

    @property
    def ledger_path(self) -> Path:
        """The database of runs."""
        return self.data_dir / "ledger.sqlite3"


@functools.cache
def get_settings() -> Settings:
    """Return the settings of this process, read once, with an absolute data folder."""
    settings = Settings()
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir.expanduser().resolve(),
            "state_dir": settings.state_dir.expanduser().resolve(),
        }
    )
