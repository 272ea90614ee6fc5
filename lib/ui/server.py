"""What the front door reads from Streamlit: options, the sign-in cookie and uploads."""

import functools
import json
import os
from pathlib import Path
from typing import Any, Final, cast

import streamlit as st
from starlette.requests import HTTPConnection
from starlette.types import Scope
from streamlit import config
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.secrets import secrets_singleton
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from lib.front_door import (
    Access,
    HostRules,
    UploadBudget,
    UploadLimits,
    check_hosts,
    check_listening,
    is_loopback,
)
from lib.front_door.hosts import host_of_address
from lib.secrets_files import read_secrets
from lib.settings import SECRETS_FILE, Settings, get_settings
from lib.sign_in import SignIn, SignInError, decide_sign_in, remember_sign_in
from lib.ui import navigation

# What a browser needs to show the sign-in page and to sign in. A path that ends in a slash includes
# everything below it.
_PUBLIC_PATHS: Final = frozenset(
    {
        "/",
        "/favicon.png",
        "/manifest.json",
        "/static/",
        "/healthz",
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/stream",
        "/auth/login",
        "/auth/logout",
        "/oauth2callback",
    }
)


@functools.cache
def sign_in() -> SignIn | None:
    """Return how people sign in, or None if they don't; decided once per process.

    Raises SecretsFileError if a secrets file cannot be read, SignInError if the settings are
    invalid.
    """
    files = [Path(each) for each in config.get_option("secrets.files")]
    # Only `streamlit run` reads options from the environment; here the environment always counts.
    named = [Path(each) for each in os.environ.get("STREAMLIT_SECRETS_FILES", "").split()]
    if config.is_manually_set("secrets.files"):
        named = [*files, *named]
    # Read the files before the settings, which come from one of them.
    secrets = read_secrets(list(dict.fromkeys([SECRETS_FILE, *files, *named])), required=named)
    decided = decide_sign_in(secrets, get_settings())
    if decided is not None and config.get_option("server.trustedUserHeaders"):
        raise SignInError(
            "With server.trustedUserHeaders anyone can claim to be signed in.",
            "Remove this setting of Streamlit and start again.",
        )
    return decided


def freeze_secrets() -> None:
    """Give Streamlit the sign-in settings, so that it reads no secrets file later."""
    decided = sign_in()
    table = {} if decided is None else {"auth": cast("dict[str, Any]", decided.table)}
    secrets_singleton.merge_programmatic_secrets(table)
    if decided is not None:
        remember_sign_in(get_settings())


def is_admitted(scope: Scope) -> bool:
    """Return whether a request has the cookie of a signed-in person on the allow-list.

    Always true if the app has no sign-in.
    """
    decided = sign_in()
    if decided is None:
        return True
    cookies = HTTPConnection(scope).cookies

    def signed(name: str) -> bytes | None:
        value = cookies.get(name, "")
        return decode_signed_value(decided.cookie_secret, name, value.encode("latin-1", "ignore"))

    try:
        claims = json.loads(get_cookie_with_chunks(signed, USER_COOKIE_NAME) or b"null")
    except ValueError:
        return False
    address = decided.origin(config.get_option("server.port"))
    origin = f"{address.scheme}://{address.netloc}"
    return isinstance(claims, dict) and claims.get("origin") == origin and decided.admits(claims)


def access(settings: Settings) -> Access:
    """Return the rules for which requests are admitted."""
    base_path = config.get_option("server.baseUrlPath").strip("/")
    pages = {f"/{page.stem}" for page in navigation.ALL if page != navigation.START}
    return Access(
        check_start=functools.partial(_check_start, settings),
        is_admitted=None if sign_in() is None else is_admitted,
        public=_PUBLIC_PATHS | pages | {f"/{name}" for name in navigation.FORMER_ADDRESSES},
        is_open_to_all=settings.open_to_all,
        base_path=f"/{base_path}" if base_path else "",
    )


def host_rules(settings: Settings) -> HostRules:
    """Return the host names that requests may use.

    Raises SignInError if an allowed host is not a host name.
    """
    decided = sign_in()
    public = None if decided is None else decided.origin(config.get_option("server.port"))
    try:
        return HostRules.of(_served_names(settings), public)
    except ValueError as error:
        raise SignInError(
            f"{str(error)!a} is not a host name.",
            "Write SENDOUT_ALLOWED_HOSTS as sendout.example.com, without wildcards; a port may "
            "follow after a colon.",
        ) from None


def upload_budget(settings: Settings) -> UploadBudget:
    """Return the limits of uploads."""
    limits = UploadLimits(
        session_bytes=settings.upload_max_session_bytes,
        total_bytes=settings.upload_max_total_bytes,
        seconds=settings.upload_max_seconds,
        stall_seconds=settings.upload_stall_seconds,
    )
    return UploadBudget(limits, held=_held_uploads, release=_release_uploads)


def _check_start(settings: Settings) -> None:
    if sign_in() is None and not settings.open_to_all:
        check_listening(config.get_option("server.address"))
        check_hosts(_served_names(settings))


def _served_names(settings: Settings) -> list[str]:
    """Return the configured host names, without loopback."""
    names = [
        host_of_address(config.get_option(option) or "")
        for option in ("server.address", "browser.serverAddress")
        if config.is_manually_set(option)
    ]
    wildcards = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    configured = [
        name for name in names if name and name not in wildcards and not is_loopback(name)
    ]
    return [*configured, *settings.allowed_hosts]


def _held_uploads() -> dict[str, int]:
    files = _uploads(get_instance()).file_storage
    return {
        session: sum(len(file.data) for file in list(found.values()))
        for session, found in list(files.items())
    }


def _release_uploads() -> None:
    """Remove the uploads of closed tabs; Streamlit does so only when another tab closes."""
    runtime = get_instance()
    for session in list(_uploads(runtime).file_storage):
        if not runtime.is_active_session(session):
            runtime.uploaded_file_mgr.remove_session_files(session)


def _uploads(runtime: Runtime) -> MemoryUploadedFileManager:
    return cast("MemoryUploadedFileManager", runtime.uploaded_file_mgr)


def is_signed_in() -> bool:
    """Return whether the visitor of this session may use the app."""
    decided = sign_in()
    return decided is None or decided.admits(st.user.to_dict())
