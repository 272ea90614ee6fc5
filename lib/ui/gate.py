"""The sign-in gate: closed only where an administrator has set up sign-in.

Sign-in is Streamlit's own OpenID Connect, switched on by a table ``[auth]`` in the secrets file.
The router asks here, and each page asks again, so that no way into a page leads past the gate.
"""

import hashlib

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from lib.ui import words


def sign_in_is_on() -> bool:
    """Tell whether an administrator has set up sign-in."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def require_sign_in() -> None:
    """Stop the script with an invitation to sign in, where that is needed."""
    if not sign_in_is_on() or st.user.get("is_logged_in", False) is True:
        return
    st.title("Sendout Studio")
    st.write("Please sign in to go on.")
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    st.stop()


def draw_account() -> None:
    """Show who is signed in, and the way out."""
    if sign_in_is_on():
        with st.sidebar:
            st.caption(f"Signed in as {words.literal(name())}")
            st.button("Sign out", icon=":material/logout:", on_click=st.logout)


def who() -> str:
    """Return a name for this person's own preferences; "local" where nobody signs in."""
    if not sign_in_is_on():
        return "local"
    identity = f"{st.user.get('iss', '')} {st.user.get('sub', '')}"
    return hashlib.sha256(identity.encode()).hexdigest()[:24]


def name() -> str:
    """Return what others may call this person: the e-mail address, where somebody signs in."""
    return str(st.user.get("email", "you")) if sign_in_is_on() else "this machine's user"
