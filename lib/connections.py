"""Connections: business id, API key, base URL and rate, under a name.

They come from the environment, the secrets file, or ``connections.json`` in the data folder, which
the Settings page writes and only its owner can read. The connection ``sandbox`` always exists and
uses the simulated API on this machine.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from lib.atomic_files import exclusive, set_aside, write_atomically
from lib.connectly import ConnectlyClient
from lib.errors import StudioError
from lib.i18n import N_, _
from lib.settings import ConnectionSettings, Settings

SANDBOX: Final = "sandbox"
_SANDBOX_KEY: Final = "sandbox"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

_FILE: Final = TypeAdapter(dict[str, ConnectionSettings])

ConnectionSource = Literal["sandbox", "environment", "secrets file", "data folder"]


@dataclass(frozen=True)
class Business:
    """The base URL and the business id that a run is pinned to."""

    base_url: str
    business_id: str


class Connection(BaseModel):
    """A business on Connectly, with its key and its rate in requests a second."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    business_id: str
    api_key: SecretStr
    base_url: str
    rate: float
    source: ConnectionSource

    @property
    def is_sandbox(self) -> bool:
        """Whether messages stay on this machine."""
        return self.source == "sandbox"

    @property
    def business(self) -> Business:
        """The base URL and business id; for the sandbox they do not depend on its port."""
        return Business(SANDBOX if self.is_sandbox else self.base_url, self.business_id)

    @property
    def masked_key(self) -> str:
        """The key with all but its last four characters hidden."""
        return masked(self.api_key)


class ConnectionNotFoundError(LookupError):
    """There is no connection with this name."""


class ConnectionNameError(ValueError):
    """A connection cannot have this name; the message says why."""


class ConnectionExistsError(StudioError, ConnectionNameError):
    """Another connection has this name, and replacing it has to be confirmed.

    ``there`` is the stored connection, to be passed as ``replacing``; ``differences`` lists what
    would change, without keys.
    """

    code = "STUDIO_CONNECTION_EXISTS"
    sentence = N_("There is already a connection with this name.")
    action = N_("Replace it, or choose another name.")

    def __init__(self, name: str, there: ConnectionSettings, wanted: ConnectionSettings) -> None:
        super().__init__()
        self.name = name
        self.there = there
        self.wanted = wanted

    @property
    def differences(self) -> tuple[tuple[str, str, str], ...]:
        """What would change: labels, stored values and new values."""
        old_key, new_key = masked(self.there.api_key), masked(self.wanted.api_key)
        if old_key == new_key and self.there.api_key != self.wanted.api_key:
            new_key = _("{key} (another key)", key=new_key)
        shown = (
            (_("Business ID"), self.there.business_id, self.wanted.business_id),
            (_("Address"), self.there.base_url, self.wanted.base_url),
            (_("API key"), old_key, new_key),
            (_("Requests per second"), f"{self.there.rate:g}", f"{self.wanted.rate:g}"),
        )
        return tuple(each for each in shown if each[1] != each[2])


class ConnectionsDamagedError(StudioError, ValueError):
    """The file of connections in the data folder is damaged."""

    code = "STUDIO_CONNECTIONS_DAMAGED"
    sentence = N_("The file connections.json in the data folder is damaged and is not used.")
    action = N_("Correct the file or restore it from a backup, or set it aside in the settings.")


def masked(key: SecretStr) -> str:
    """Return a key with all but its last four characters hidden; short keys are hidden entirely."""
    plain = key.get_secret_value()
    return "•" * 8 + (plain[-4:] if len(plain) >= 16 else "")


def connections_are_damaged(settings: Settings) -> bool:
    """Return whether the file of connections in the data folder is damaged."""
    try:
        _load_connections(settings)
    except ConnectionsDamagedError:
        return True
    return False


def list_connections(settings: Settings) -> list[Connection]:
    """Return all connections sorted by name, the sandbox last.

    A damaged file is ignored, see `connections_are_damaged`.
    """
    try:
        stored = _load_connections(settings)
    except ConnectionsDamagedError:
        stored = {}
    found = {name: _connection(name, each, "data folder") for name, each in stored.items()}
    for name, given in settings.connections.items():
        found[name] = _connection(name, given, _source(name))
    found.pop(SANDBOX, None)
    return [*sorted(found.values(), key=lambda each: each.name), _sandbox(settings)]


def get_connection(name: str, settings: Settings) -> Connection:
    """Return the connection with this name. Raises ConnectionNotFoundError."""
    for connection in list_connections(settings):
        if connection.name == name:
            return connection
    raise ConnectionNotFoundError(f"There is no connection named {name!r}.")


def business_of(name: str, settings: Settings) -> Business | None:
    """Return the current business of a connection, or None if there is no such connection."""
    try:
        return get_connection(name, settings).business
    except ConnectionNotFoundError:
        return None


def check_connection(connection: Connection, settings: Settings) -> None:
    """Check the key of a connection with a request that has no effect.

    Raises ConnectlyError if the API refuses it, ValueError if the address or the key is malformed.
    """
    with ConnectlyClient(
        base_url=connection.base_url,
        business_id=connection.business_id,
        api_key=connection.api_key,
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
    ) as client:
        client.check_connection()


def save_connection(
    name: str,
    connection: ConnectionSettings,
    settings: Settings,
    *,
    replacing: ConnectionSettings | None = None,
) -> None:
    """Save a connection in the data folder, in a file that only its owner can read.

    To replace a stored connection, pass it as ``replacing``.

    Raises ConnectionExistsError if a different connection with this name is stored,
    ConnectionNameError if the name is invalid or belongs to the sandbox, the environment or the
    secrets file, ConnectionsDamagedError, InsecureAddress, and ValueError if the address or the key
    is malformed. All messages are safe to show.
    """
    if not _NAME.fullmatch(name):
        raise ConnectionNameError(
            _("Use up to 40 lowercase letters, digits, hyphens and underscores for the name.")
        )
    if name == SANDBOX or name in settings.connections:
        raise ConnectionNameError(_("This name is taken. Choose another one."))
    ConnectlyClient(
        base_url=connection.base_url,
        business_id=connection.business_id,
        api_key=connection.api_key,
    ).close()
    with exclusive(_lock(settings)):
        stored = _load_connections(settings)
        there = stored.get(name)
        if there == connection:
            return
        if there is not None and there != replacing:
            raise ConnectionExistsError(name, there, connection)
        _save_connections({**stored, name: connection}, settings)


def delete_connection(name: str, settings: Settings) -> None:
    """Delete a stored connection if it exists. Raises ConnectionsDamagedError."""
    with exclusive(_lock(settings)):
        stored = _load_connections(settings)
        if stored.pop(name, None) is not None:
            _save_connections(stored, settings)


def set_damaged_aside(settings: Settings) -> None:
    """Set a damaged file of connections aside, so that connections can be saved again."""
    with exclusive(_lock(settings)):
        try:
            _load_connections(settings)
        except ConnectionsDamagedError:
            set_aside(_path(settings))


def _connection(name: str, given: ConnectionSettings, source: ConnectionSource) -> Connection:
    return Connection(
        name=name,
        business_id=given.business_id,
        api_key=given.api_key,
        base_url=given.base_url,
        rate=given.rate,
        source=source,
    )


def _sandbox(settings: Settings) -> Connection:
    """Return the sandbox at the address that its process has announced, or at the default port."""
    try:
        url = json.loads((settings.data_dir / "sandbox.json").read_bytes())["url"]
    except (OSError, ValueError, KeyError):
        url = f"http://127.0.0.1:{settings.sandbox_port}"
    return Connection(
        name=SANDBOX,
        business_id="sandbox",
        api_key=SecretStr(_SANDBOX_KEY),
        base_url=url,
        rate=193.5,
        source="sandbox",
    )


def _source(name: str) -> ConnectionSource:
    prefix = f"SENDOUT_CONNECTIONS__{name}__".upper()
    in_environment = any(key.upper().startswith(prefix) for key in os.environ)
    whole = "SENDOUT_CONNECTIONS" in os.environ
    return "environment" if in_environment or whole else "secrets file"


def _load_connections(settings: Settings) -> dict[str, ConnectionSettings]:
    """Return the stored connections by name. Raises ConnectionsDamagedError."""
    try:
        return _FILE.validate_json(_path(settings).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError):
        # The cause is dropped because it quotes the file, which holds keys.
        raise ConnectionsDamagedError from None


def _path(settings: Settings) -> Path:
    return settings.data_dir / "connections.json"


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "connections.lock"


def _save_connections(connections: dict[str, ConnectionSettings], settings: Settings) -> None:
    plain = {
        name: {
            "business_id": each.business_id,
            "api_key": each.api_key.get_secret_value(),
            "base_url": each.base_url,
            "rate": each.rate,
        }
        for name, each in connections.items()
    }
    data = json.dumps(plain, indent=2, ensure_ascii=False).encode()
    write_atomically(_path(settings), data, mode=0o600)
