"""Read Streamlit's secrets files, and refuse what looks like sign-in settings but is not.

Streamlit treats a file that it cannot read as a file without settings, and a table with a misspelt
name as no table. Both would switch sign-in off without a word, so both are errors here.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rapidfuzz.distance import OSA

SIGN_IN_TABLE: Final = "auth"

# Keys that only sign-in has. Elsewhere, they belong to a table whose name has been lost.
_SIGN_IN_KEYS: Final = frozenset({"redirecturi", "cookiesecret", "servermetadataurl"})
_SIGN_IN_WORDS: Final = ("auth", "oidc", "openid", "signin", "login", "sso")
_MAX_MISTAKES: Final = 2


class SecretsFileError(Exception):
    """A secrets file cannot be relied on to say whether people must sign in."""

    code = "STUDIO_SECRETS_UNREADABLE"
    action = "Correct the file and start again, or remove it if you do not need it."

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(f"{sentence} {self.action}")


def read_secrets(paths: Sequence[Path], *, required: Sequence[Path] = ()) -> dict[str, Any]:
    """Return the settings of all files; as in Streamlit, a later file replaces whole tables.

    Files that are absent are skipped, unless they are `required`. Raises SecretsFileError.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        if path.is_symlink() or path.exists() or path in required:
            merged |= _read(path)
    _refuse_lookalikes(merged)
    return merged


def _read(path: Path) -> dict[str, Any]:
    try:
        found = _read_folder(path) if path.is_dir() else _read_toml(path)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # Without the cause: its message may quote a secret.
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
    """Read a folder of secrets as Kubernetes mounts them: a table a folder, a value a file."""
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
