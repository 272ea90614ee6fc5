"""What every page begins with: the gate, the title, and a banner that says where messages go."""

import streamlit as st

from lib.connections import Connection, get_connection, list_connections
from lib.settings import Settings, get_settings
from lib.ui import auth, navigation


def begin_page(title: str, caption: str, *, connects: bool = False) -> Settings:
    """Draw the head of a page and return the settings that it works with.

    The page that `connects` a business needs no link to itself.
    """
    auth.require_sign_in()
    settings = get_settings()
    st.title(title, anchor=False)
    st.caption(caption)
    _draw_banner(settings, connects=connects)
    return settings


def _draw_banner(settings: Settings, *, connects: bool) -> None:
    if any(not each.is_sandbox for each in list_connections(settings)):
        return
    with st.container(key="sandbox_banner", border=True, gap="small"):
        st.markdown(
            ":material/science: **You are in the sandbox.** Messages go to a simulated Connectly "
            "on this machine. Nothing leaves it, and nobody is messaged."
        )
        with st.container(horizontal=True):
            st.page_link(
                inbox_address(settings), label="See what the phones got", icon=":material/inbox:"
            )
            if not connects:
                navigation.link(
                    navigation.SETTINGS, "Connect your business", icon=":material/link:"
                )


def inbox_address(settings: Settings) -> str:
    """Return the address of the sandbox's inbox."""
    return f"{get_connection('sandbox', settings).base_url}/sandbox/inbox"


def choose_connection(settings: Settings, *, key: str, index: int = 0) -> Connection:
    """Let the person choose where to send; return the only connection where there is no choice."""
    connections = list_connections(settings)
    if len(connections) == 1:
        return connections[0]
    chosen = st.selectbox(
        "Send with",
        connections,
        index=index,
        key=key,
        format_func=describe_connection,
        help="Connections are set up on the Settings page.",
    )
    if chosen.is_sandbox:
        st.caption(":material/science: The sandbox: nothing leaves this machine.")
    return chosen


def describe_connection(connection: Connection) -> str:
    """Return a connection's name as people should read it."""
    if connection.is_sandbox:
        return "Sandbox (nothing leaves this machine)"
    return connection.name
