"""The sign-in gate of the pages.

Sign-in is Streamlit's OpenID Connect, configured by a table ``[auth]`` in the secrets file. The
router, every page and every fragment check it, because pages and fragments can run without the
router. Whether people sign in is decided when the process starts; a secrets file that changes later
has no effect.
"""

import functools
import hashlib
from collections.abc import Callable
from typing import Final, ParamSpec

import streamlit as st

from lib.i18n import _
from lib.sign_in import DEFAULT_PROVIDER, SignIn
from lib.ui import server
from lib.ui.formatting import literal

P = ParamSpec("P")

# Stored with lists, mappings and decisions of apps without sign-in. See `display_name`.
_LOCAL_USER: Final = "this machine's user"


def is_open() -> bool:
    """Return whether the visitor may see pages."""
    return server.is_signed_in()


def require_sign_in() -> None:
    """Stop the script unless the visitor may see pages, and draw how to sign in or why not."""
    sign_in = server.sign_in()
    if sign_in is None or is_open():
        return
    st.title(_("Sendout Studio"), anchor=False)
    if st.user.get("is_logged_in", False) is True:
        _draw_refusal()
    else:
        _draw_sign_in_buttons(sign_in)
    st.stop()


def fragment(function: Callable[P, None], *, run_every: float | None = None) -> Callable[P, None]:
    """Return a fragment that checks the sign-in, since fragments run without the router."""

    @functools.wraps(function)
    def guarded(*arguments: P.args, **named: P.kwargs) -> None:
        require_sign_in()
        function(*arguments, **named)

    return st.fragment(guarded, run_every=run_every)


def draw_account() -> None:
    """Draw who is signed in and the button to sign out, in the sidebar."""
    if server.sign_in() is not None:
        with st.sidebar:
            st.caption(_("Signed in as {name}", name=literal(name())))
            _draw_sign_out_button()


def who() -> str:
    """Return the key of the visitor's preferences; ``local`` in an app without sign-in."""
    if server.sign_in() is None:
        return "local"
    require_sign_in()  # without issuer and subject there is no identity
    identity = f"{st.user['iss']} {st.user['sub']}"
    return hashlib.sha256(identity.encode()).hexdigest()[:24]


def name() -> str:
    """Return the visitor's name as it is stored: the e-mail address if there is sign-in.

    Show it with `display_name`.
    """
    return str(st.user.get("email", "you")) if server.sign_in() else _LOCAL_USER


def display_name(stored: str) -> str:
    """Return a name that `name` returned, in the visitor's language."""
    if stored != _LOCAL_USER:
        return stored
    return _("you") if server.sign_in() is None else _("a user without sign-in")


def _draw_sign_in_buttons(sign_in: SignIn) -> None:
    st.write(_("Please sign in to continue."))
    for provider in sign_in.providers:
        is_default = provider == DEFAULT_PROVIDER
        st.button(
            _("Sign in") if is_default else _("Sign in with {provider}", provider=provider),
            key=f"sign_in_{provider}",
            type="primary",
            icon=":material/login:",
            on_click=st.login,
            args=() if is_default else (provider,),
        )


def _draw_refusal() -> None:
    st.write(
        _(
            "You are signed in as {name}, but you don't have access to this app.",
            name=literal(name()),
        )
    )
    st.write(
        _(
            "Ask your administrator for access, or sign out and use another account. If you were "
            "added by email address, your identity provider must have verified that address."
        )
    )
    _draw_sign_out_button()


def _draw_sign_out_button() -> None:
    st.button(_("Sign out"), icon=":material/logout:", on_click=st.logout)
