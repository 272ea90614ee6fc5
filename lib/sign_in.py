"""Sign-in settings and the allow-list, read once when the app starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from lib.atomic_files import write_atomically
from lib.errors import StudioError
from lib.secrets_files import SIGN_IN_TABLE
from lib.settings import Settings

DEFAULT_PROVIDER: Final = "default"

_CALLBACK: Final = "/oauth2callback"
_PROVIDER_KEYS: Final = ("client_id", "client_secret", "server_metadata_url")
# Streamlit and its cryptography library warn of shorter secrets.
_SHORTEST_COOKIE_SECRET: Final = 14
# ASCII only: other letters look the same, and some become ASCII in lower case.
_EMAIL: Final = re.compile(r"[^\s@*,;<>()\"]+@[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*", re.ASCII)
# Written to the data folder, so that a lost secrets file does not turn sign-in off.
_MARKER: Final = "sign-in-required"

Claims = Mapping[str, Any]


class SignInError(StudioError):
    """The sign-in settings are incomplete or contradictory, so the app does not start."""

    code = "STUDIO_SIGN_IN_SETTINGS"
    sentence = "{reason}"
    action = "{remedy}"

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason=reason, remedy=remedy)


@dataclass(frozen=True)
class AllowList:
    """The people known to the identity provider who may use the app."""

    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    claim: str | None = None
    claim_value: str | None = None

    def admits(self, claims: Claims) -> bool:
        """Return whether a person may use the app; an identity needs an issuer and a subject."""
        if not all(_is_text(claims.get(name)) for name in ("iss", "sub")):
            return False
        return self._admits_email(claims) or self._admits_claim(claims)

    def _admits_email(self, claims: Claims) -> bool:
        email = claims.get("email")
        if claims.get("email_verified") is not True or not isinstance(email, str):
            return False
        # Check before lower(), which turns a Kelvin sign into a k.
        if not email.isascii() or not _EMAIL.fullmatch(email.lower()):
            return False
        return email.lower() in self.emails or email.lower().rpartition("@")[2] in self.domains

    def _admits_claim(self, claims: Claims) -> bool:
        if self.claim is None or self.claim_value is None:
            return False
        value = claims.get(self.claim)
        return self.claim_value in value if isinstance(value, list) else value == self.claim_value


@dataclass(frozen=True)
class SignIn:
    """The sign-in settings with which the app was started."""

    table: Mapping[str, Any]
    allow_list: AllowList

    @property
    def cookie_secret(self) -> str:
        """The key that signs the cookies of signed-in people."""
        secret: str = self.table["cookie_secret"]
        return secret

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the identity providers; "default" is the one without a name."""
        named = tuple(name for name, value in self.table.items() if _is_provider(name, value))
        return (DEFAULT_PROVIDER, *named) if "client_id" in self.table else named

    def origin(self, port: int) -> SplitResult:
        """Return the public address of the app, taken from its redirect address."""
        address: str = self.table["redirect_uri"]
        return urlsplit(address.replace("{port}", str(port)))

    def admits(self, claims: Claims) -> bool:
        """Return whether a person is signed in and on the allow-list."""
        return claims.get("is_logged_in") is True and self.allow_list.admits(claims)


def decide_sign_in(secrets: Mapping[str, Any], settings: Settings) -> SignIn | None:
    """Return the sign-in settings, or None if sign-in is not set up.

    ``secrets`` is what `read_secrets` returns. Raises SignInError if the settings are unclear.
    """
    table = secrets.get(SIGN_IN_TABLE)
    allow_list = _allow_list(settings)
    if table is None:
        _refuse_lost_sign_in(allow_list, settings)
        return None
    _check_table(table)
    if allow_list is None:
        raise SignInError(
            "Sign-in is set up, but nobody is allowed to sign in.",
            "Set SENDOUT_SIGN_IN_EMAILS, SENDOUT_SIGN_IN_DOMAINS, or SENDOUT_SIGN_IN_CLAIM with "
            "SENDOUT_SIGN_IN_CLAIM_VALUE.",
        )
    return SignIn(table, allow_list)


def remember_sign_in(settings: Settings) -> None:
    """Record in the data folder that sign-in is required, see `decide_sign_in`."""
    write_atomically(settings.data_dir / _MARKER, b"People have to sign in to use this folder.\n")


def _refuse_lost_sign_in(allow_list: AllowList | None, settings: Settings) -> None:
    if allow_list is not None:
        raise SignInError(
            "There is a list of people who may sign in, but no sign-in is set up.",
            "Add the table [auth] to the secrets file, or remove the SENDOUT_SIGN_IN settings.",
        )
    marker = settings.data_dir / _MARKER
    if marker.exists():
        raise SignInError(
            "This data folder was used with sign-in, and now no sign-in is set up.",
            f"Restore the table [auth] of the secrets file, or remove {marker} if the app should "
            "run without sign-in.",
        )


def _allow_list(settings: Settings) -> AllowList | None:
    emails = frozenset(_checked(each, _EMAIL) for each in settings.sign_in_emails)
    domains = frozenset(_checked(each, _DOMAIN) for each in settings.sign_in_domains)
    claim, value = settings.sign_in_claim, settings.sign_in_claim_value
    if bool(claim) != bool(value):
        raise SignInError(
            "A sign-in claim needs a name and a value, and only one of them is set.",
            "Set both SENDOUT_SIGN_IN_CLAIM and SENDOUT_SIGN_IN_CLAIM_VALUE, or neither.",
        )
    if claim == "email":
        raise SignInError(
            "An e-mail address cannot be the sign-in claim, because it may not be verified.",
            "Set SENDOUT_SIGN_IN_EMAILS instead.",
        )
    if not emails and not domains and not claim:
        return None
    return AllowList(emails, domains, claim, value)


def _checked(text: str, pattern: re.Pattern[str]) -> str:
    """Return an e-mail address or domain in lower case. Raises SignInError if it is not valid."""
    lowered = text.strip().lower().removeprefix("@")
    if text.isascii() and pattern.fullmatch(lowered):
        return lowered
    raise SignInError(
        f"The sign-in list has an invalid e-mail address or domain: {text!a}.",
        "Write addresses as name@example.com and domains as example.com, without wildcards; "
        "international domains in the form that begins with xn--.",
    )


def _check_table(table: Mapping[str, Any]) -> None:
    missing = [key for key in ("redirect_uri", "cookie_secret") if not _is_text(table.get(key))]
    named = [value for name, value in table.items() if _is_provider(name, value)]
    providers = [table, *named] if "client_id" in table or not named else named
    for provider in providers:
        missing += [key for key in _PROVIDER_KEYS if not _is_text(provider.get(key))]
    if missing:
        raise SignInError(
            f"The table [auth] of the secrets file lacks {', '.join(dict.fromkeys(missing))}.",
            "Add what is missing and start again.",
        )
    if len(table["cookie_secret"].encode()) < _SHORTEST_COOKIE_SECRET:
        raise SignInError(
            "The cookie_secret of the table [auth] is too short: cookies could be forged.",
            "Set a long random text, as `openssl rand -hex 32` prints.",
        )
    address = _split(table["redirect_uri"].replace("{port}", "80"))
    if address is None or not address.path.endswith(_CALLBACK):
        raise SignInError(
            "The redirect_uri of the table [auth] is not an address of this app.",
            f"Write it as https://sendout.example.com{_CALLBACK}.",
        )


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError:
        return None
    return parts if is_whole and "@" not in parts.netloc else None


def _is_provider(name: str, value: object) -> bool:
    return isinstance(value, dict) and name != "client_kwargs"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
