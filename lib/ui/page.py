"""The top of every page: the sign-in gate, the title, and a banner in the sandbox."""

import streamlit as st

from lib.connections import (
    Connection,
    ConnectionsDamagedError,
    connections_are_damaged,
    get_connection,
    list_connections,
)
from lib.i18n import _
from lib.settings import Settings, get_settings
from lib.ui import auth, navigation
from lib.ui.errors import draw_error


def begin_page(title: str, caption: str, *, connects: bool = False) -> Settings:
    """Draw the title, the caption and the banner of a page, and return the settings.

    On the page that ``connects`` a business, the banner has no link to it. Stops the script if the
    visitor has to sign in.
    """
    auth.require_sign_in()
    settings = get_settings()
    st.title(title, anchor=False)
    st.caption(caption)
    _draw_sandbox_banner(settings, connects=connects)
    return settings


def _draw_sandbox_banner(settings: Settings, *, connects: bool) -> None:
    """Draw the banner if the sandbox is the only connection, or the error that makes it so."""
    if connections_are_damaged(settings):
        if not connects:
            draw_error(ConnectionsDamagedError())
            navigation.link(navigation.SETTINGS, _("Open settings"), icon=":material/settings:")
        return
    if any(not each.is_sandbox for each in list_connections(settings)):
        return
    with st.container(key="sandbox_banner", border=True, gap="small"):
        text = _(
            "**You are in the sandbox.** Messages go to a simulated Connectly on this machine. "
            "Nothing is really sent."
        )
        st.markdown(f":material/science: {text}")
        with st.container(horizontal=True):
            st.page_link(
                inbox_address(settings), label=_("Open test inbox"), icon=":material/inbox:"
            )
            if not connects:
                navigation.link(
                    navigation.SETTINGS, _("Connect your business"), icon=":material/link:"
                )


def inbox_address(settings: Settings) -> str:
    """Return the address of the sandbox's inbox."""
    return f"{get_connection('sandbox', settings).base_url}/sandbox/inbox"


def choose_connection(settings: Settings, *, key: str, index: int = 0) -> Connection:
    """Draw the choice of a connection and return the chosen one.

    If there is only one, it is returned and nothing is drawn.
    """
    connections = list_connections(settings)
    if len(connections) == 1:
        return connections[0]
    chosen = st.selectbox(
        _("Send with"),
        connections,
        index=index,
        key=key,
        format_func=describe_connection,
        help=_("You can add connections on the Settings page."),
    )
    if chosen.is_sandbox:
        st.caption(f":material/science: {_('This is the sandbox. Nothing is really sent.')}")
    return chosen


def describe_connection(connection: Connection) -> str:
    """Return the name of a connection for people."""
    if connection.is_sandbox:
        return _("Sandbox (nothing is really sent)")
    return connection.name
