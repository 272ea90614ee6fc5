"""The sign-in gate of the pages.

Sign-in is Streamlit's own OpenID Connect, set up by a table ``[auth]`` in the secrets file. The
router asks here, and each page and fragment asks again, so that no way into a page leads past the
gate. Whether people sign in is decided when the process starts, never by a file that changed since.
"""

import functools
import hashlib
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from lib.sign_in import DEFAULT_PROVIDER, SignIn
from lib.ui import server
from lib.ui.formatting import literal

P = ParamSpec("P")


def is_open() -> bool:
    """Tell whether this session's person may see pages."""
    return server.is_signed_in()


def require_sign_in() -> None:
    """Stop the script with an invitation to sign in, or with a refusal, where that is needed."""
    sign_in = server.sign_in()
    if sign_in is None or is_open():
        return
    st.title("Sendout Studio", anchor=False)
    if st.user.get("is_logged_in", False) is True:
        _draw_refusal()
    else:
        _draw_invitation(sign_in)
    st.stop()


def fragment(function: Callable[P, None], *, run_every: float | None = None) -> Callable[P, None]:
    """Make a fragment that asks to sign in by itself, since it runs without the router."""

    @functools.wraps(function)
    def guarded(*arguments: P.args, **named: P.kwargs) -> None:
        require_sign_in()
        function(*arguments, **named)

    return st.fragment(guarded, run_every=run_every)


def draw_account() -> None:
    """Show who is signed in, and the way out."""
    if server.sign_in() is not None:
        with st.sidebar:
            st.caption(f"Signed in as {literal(name())}")
            _draw_sign_out()


def who() -> str:
    """Return a name for this person's own preferences; "local" where nobody signs in."""
    if server.sign_in() is None:
        return "local"
    require_sign_in()  # an identity without issuer or subject is nobody's
    identity = f"{st.user['iss']} {st.user['sub']}"
    return hashlib.sha256(identity.encode()).hexdigest()[:24]


def name() -> str:
    """Return what others may call this person: the e-mail address, where somebody signs in."""
    return str(st.user.get("email", "you")) if server.sign_in() else "this machine's user"


def _draw_invitation(sign_in: SignIn) -> None:
    st.write("Please sign in to go on.")
    for provider in sign_in.providers:
        is_default = provider == DEFAULT_PROVIDER
        st.button(
            "Sign in" if is_default else f"Sign in with {provider}",
            key=f"sign_in_{provider}",
            type="primary",
            icon=":material/login:",
            on_click=st.login,
            args=() if is_default else (provider,),
        )


def _draw_refusal() -> None:
    st.write(f"You are signed in as {literal(name())}, but you do not have access to this app.")
    st.write(
        "Ask your administrator to add you, or sign out and use another account. If you were added "
        "by your e-mail address, your identity provider must have verified it."
    )
    _draw_sign_out()


def _draw_sign_out() -> None:
    st.button("Sign out", icon=":material/logout:", on_click=st.logout)
