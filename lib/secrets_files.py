"""Read Streamlit's secrets files, and reject misspelt sign-in settings.

Streamlit ignores a file that it cannot read and a table with a misspelt name. Either would turn
sign-in off silently, so both are errors here.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rapidfuzz.distance import OSA

from lib.errors import StudioError
from lib.i18n import N_

SIGN_IN_TABLE: Final = "auth"

# Keys that only sign-in settings have; elsewhere, the name of their table is missing.
_SIGN_IN_KEYS: Final = frozenset({"redirecturi", "cookiesecret", "servermetadataurl"})
_SIGN_IN_WORDS: Final = ("auth", "oidc", "openid", "signin", "login", "sso")
_MAX_MISTAKES: Final = 2


class SecretsFileError(StudioError):
    """A secrets file is unreadable or misspelt; ``reason`` is a sentence that says how."""

    code = "STUDIO_SECRETS_UNREADABLE"
    sentence = "{reason}"
    action = N_("Correct the file and start the app again, or remove it if you don't need it.")

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


def read_secrets(paths: Sequence[Path], *, required: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the settings of all files; as in Streamlit, a later file replaces whole tables.

    Missing files are skipped unless they are ``required``. Raises SecretsFileError.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        if path.is_symlink() or path.exists() or path in required:
            merged |= _read_file(path)
    _refuse_lookalikes(merged)
    return merged


def _read_file(path: Path) -> dict[str, Any]:
    try:
        found = _read_folder(path) if path.is_dir() else _read_toml(path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The cause is dropped because its message may quote a secret.
        raise SecretsFileError(
            f"The secrets file {path} is damaged: it is not valid TOML."
        ) from None
    except OSError as error:
        raise SecretsFileError(
            f"The secrets file {path} cannot be read ({type(error).__name__})."
        ) from None
    if not found:
        raise SecretsFileError(f"The secrets file {path} is empty.")
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _read_folder(path: Path) -> dict[str, Any]:
    """Read a folder of secrets as Kubernetes mounts it: a folder per table, a file per value."""
    tables: dict[str, Any] = {}
    for folder in sorted(path.iterdir()):
        if folder.is_dir() and not folder.name.startswith("."):
            values = {
                file.name: file.read_text(encoding="utf-8").strip()
                for file in sorted(folder.iterdir())
                if file.is_file() and not file.name.startswith(".")
            }
            tables[folder.name] = next(iter(values.values())) if len(values) == 1 else values
    return tables


def _refuse_lookalikes(secrets: Mapping[str, Any]) -> None:
    if not isinstance(secrets.get(SIGN_IN_TABLE, {}), dict):
        raise SecretsFileError('The secrets file has "auth" as a value, where a table is needed.')
    if not isinstance(secrets.get("sendout", {}), dict):
        raise SecretsFileError(
            'The secrets file has "sendout" as a value, where a table is needed.'
        )
    if SIGN_IN_TABLE in secrets:
        return
    for name, value in secrets.items():
        if name != "sendout" and _resembles_sign_in(name):
            raise SecretsFileError(
                f"The secrets file has [{name}], which looks like [auth], the sign-in settings."
            )
        if _has_sign_in_keys({name: value}):
            raise SecretsFileError(
                f"The secrets file has sign-in settings in the wrong place ({name}); they belong "
                "in a table [auth]."
            )


def _resembles_sign_in(name: str) -> bool:
    plain = _plain(name)
    return (
        any(word in plain for word in _SIGN_IN_WORDS)
        or OSA.distance(plain, SIGN_IN_TABLE) <= _MAX_MISTAKES
    )


def _has_sign_in_keys(table: Mapping[str, Any]) -> bool:
    return any(
        _plain(key) in _SIGN_IN_KEYS or (isinstance(value, dict) and _has_sign_in_keys(value))
        for key, value in table.items()
    )


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
