"""Connections: which business is sent for, with which key, where to, and how fast.

They come from the environment, from the secrets file, or from ``connections.json`` in the data
folder (written by the Settings page, readable by its owner only). The connection named
``sandbox`` is always there and leads to the simulated API on this machine.
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
from lib.settings import ConnectionSettings, Settings

SANDBOX: Final = "sandbox"
_SANDBOX_KEY: Final = "sandbox"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")

_FILE: Final = TypeAdapter(dict[str, ConnectionSettings])

ConnectionSource = Literal["sandbox", "environment", "secrets file", "data folder"]


@dataclass(frozen=True)
class Business:
    """Where messages go and in whose name: what a run was confirmed for, but not the key."""

    base_url: str
    business_id: str


class Connection(BaseModel):
    """A business id, a key, a base URL and a rate, under a name."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    business_id: str
    api_key: SecretStr
    base_url: str
    rate: float
    source: ConnectionSource

    @property
    def is_sandbox(self) -> bool:
        """Tell whether nothing sent here leaves this machine."""
        return self.source == "sandbox"

    @property
    def business(self) -> Business:
        """Return address and business; the sandbox is one place, whatever port it has found."""
        return Business(SANDBOX if self.is_sandbox else self.base_url, self.business_id)

    @property
    def masked_key(self) -> str:
        """Return the key as a person may see it: its last four characters at most."""
        return masked(self.api_key)


class ConnectionNotFoundError(LookupError):
    """No connection has this name any more."""


class ConnectionNameError(ValueError):
    """The name cannot be given to a connection; the message says why."""


class ConnectionExistsError(ConnectionNameError):
    """Another connection has this name: to replace it has to be confirmed.

    ``there`` is the one that is kept, to be passed as ``replacing``; ``differences`` says in words
    what would change, never with a key.
    """

    code = "STUDIO_CONNECTION_EXISTS"
    sentence = "There is already a connection with this name."
    action = "Replace it, or choose another name."

    def __init__(self, name: str, there: ConnectionSettings, wanted: ConnectionSettings) -> None:
        super().__init__(self.sentence)
        self.name = name
        self.there = there
        self.wanted = wanted

    @property
    def differences(self) -> tuple[tuple[str, str, str], ...]:
        """What would change: a label, the value that is kept, and the new one."""
        old_key, new_key = masked(self.there.api_key), masked(self.wanted.api_key)
        if old_key == new_key and self.there.api_key != self.wanted.api_key:
            new_key += " (another key)"
        shown = (
            ("Business id", self.there.business_id, self.wanted.business_id),
            ("Address", self.there.base_url, self.wanted.base_url),
            ("API key", old_key, new_key),
            ("Requests a second", f"{self.there.rate:g}", f"{self.wanted.rate:g}"),
        )
        return tuple(each for each in shown if each[1] != each[2])


class ConnectionsDamagedError(ValueError):
    """The file of connections in the data folder is damaged."""

    code = "STUDIO_CONNECTIONS_DAMAGED"
    sentence = "The file connections.json in the data folder is damaged, so it is not used."
    action = "Correct the file or restore it from a backup, or set it aside on the Settings page."

    def __init__(self) -> None:
        super().__init__(f"{self.sentence} {self.action}")


def masked(key: SecretStr) -> str:
    """Return a key as a person may see it: its last four characters at most."""
    plain = key.get_secret_value()
    return "•" * 8 + (plain[-4:] if len(plain) >= 16 else "")


def connections_are_damaged(settings: Settings) -> bool:
    """Tell whether the file of connections in the data folder can't be read."""
    try:
        _kept(settings)
    except ConnectionsDamagedError:
        return True
    return False


def list_connections(settings: Settings) -> list[Connection]:
    """Return all connections, those of real businesses first, by name, the sandbox last.

    Those of a damaged file are left out: see `connections_are_damaged`.
    """
    try:
        kept = _kept(settings)
    except ConnectionsDamagedError:
        kept = {}
    found = {name: _connection(name, each, "data folder") for name, each in kept.items()}
    for name, given in settings.connections.items():
        found[name] = _connection(name, given, _source(name))
    found.pop(SANDBOX, None)
    return [*sorted(found.values(), key=lambda each: each.name), _sandbox(settings)]


def get_connection(name: str, settings: Settings) -> Connection:
    """Return the connection of this name as it stands now, or raise ConnectionNotFoundError."""
    for connection in list_connections(settings):
        if connection.name == name:
            return connection
    raise ConnectionNotFoundError(f"There is no connection named {name!r}.")


def check_connection(connection: Connection, settings: Settings) -> None:
    """Ask the API whether it takes this connection's key, by the one call without effect.

    Raises the ConnectlyError that says what is wrong, ValueError where the address or the key has
    no form that can be used.
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
    """Keep a connection in the data folder, in a file that only its owner can read.

    Where one of this name is kept with other values, ``replacing`` has to be that one: raises
    ConnectionExistsError otherwise, which says what would change. Raises ConnectionNameError where
    the name is unfit or belongs to the sandbox, the environment or the secrets file,
    ConnectionsDamagedError, InsecureAddress, and ValueError where nothing could be sent this way.
    All of them say so in a sentence that is safe to show.
    """
    if not _NAME.fullmatch(name):
        raise ConnectionNameError(
            "Use up to 40 small letters, digits, hyphens and underscores for the name."
        )
    if name == SANDBOX or name in settings.connections:
        raise ConnectionNameError("This name is taken. Choose another one.")
    ConnectlyClient(
        base_url=connection.base_url,
        business_id=connection.business_id,
        api_key=connection.api_key,
    ).close()
    with exclusive(_lock(settings)):
        kept = _kept(settings)
        there = kept.get(name)
        if there == connection:
            return
        if there is not None and there != replacing:
            raise ConnectionExistsError(name, there, connection)
        _keep({**kept, name: connection}, settings)


def delete_connection(name: str, settings: Settings) -> None:
    """Forget a connection of the data folder, if it is there. Raises ConnectionsDamagedError."""
    with exclusive(_lock(settings)):
        kept = _kept(settings)
        if kept.pop(name, None) is not None:
            _keep(kept, settings)


def set_damaged_aside(settings: Settings) -> None:
    """Set a damaged file of connections aside, so that connections can be saved again."""
    with exclusive(_lock(settings)):
        try:
            _kept(settings)
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
    """Find the sandbox where its process has announced itself, else where it should come up."""
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


def _kept(settings: Settings) -> dict[str, ConnectionSettings]:
    """Return the connections of the data folder, by name. Raises ConnectionsDamagedError."""
    try:
        return _FILE.validate_json(_path(settings).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError):
        # The cause would quote what is in the file, keys among it.
        raise ConnectionsDamagedError from None


def _path(settings: Settings) -> Path:
    return settings.data_dir / "connections.json"


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "connections.lock"


def _keep(connections: dict[str, ConnectionSettings], settings: Settings) -> None:
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
