"""Settings: connections, own phone, default country, saved columns, and where data is kept."""

import contextlib

import streamlit as st

from lib.connections import (
    ConnectionsDamagedError,
    check_connection,
    connections_are_damaged,
    delete_connection,
    list_connections,
    set_damaged_aside,
)
from lib.connectly import ConnectlyError
from lib.disk_usage import measure
from lib.preferences import change_preferences, load_preferences
from lib.ui import add_connection, auth, formatting, page
from lib.ui.countries import choose_country
from lib.ui.new_broadcast import saved_mappings

settings = page.begin_page(
    "Settings", "Who you send for, your own phone, and where everything is kept.", connects=True
)


def remember_phone() -> None:
    """Keep the person's own phone as soon as it changes."""
    change_preferences(auth.who(), settings, own_phone=st.session_state["own_phone"].strip())


def remember_country() -> None:
    """Keep the default country as soon as it changes."""
    change_preferences(auth.who(), settings, region=st.session_state["country"])


def remove(name: str) -> None:
    """Forget a connection; the page says it where the file has been damaged meanwhile."""
    with contextlib.suppress(ConnectionsDamagedError):
        delete_connection(name, settings)


st.subheader("Connections", anchor=False)
st.write("A connection is one business on Connectly: its id, its key, and how fast to send.")
if connections_are_damaged(settings):
    st.error(
        f"**{ConnectionsDamagedError.sentence}** {ConnectionsDamagedError.action}",
        icon=":material/error:",
    )
    st.button(
        "Set the damaged file aside",
        icon=":material/drive_file_move:",
        on_click=set_damaged_aside,
        args=(settings,),
        help="It stays in the data folder as connections.json.damaged.",
    )
for connection in list_connections(settings):
    with st.container(border=True, key=f"connection_{connection.name}"):
        st.markdown(f"**{page.describe_connection(connection)}**")
        st.caption(
            f"Business id `{connection.business_id}` · key `{connection.masked_key}` · "
            f"{connection.rate:g} requests a second · from the {connection.source}  \n"
            f"`{connection.base_url}`"
        )
        with st.container(horizontal=True):
            if st.button(
                "Test connection", key=f"test_{connection.name}", icon=":material/network_check:"
            ):
                with st.spinner("Asking Connectly"):
                    try:
                        check_connection(connection, settings)
                    except ConnectlyError as error:
                        st.error(error.user_message, icon=":material/error:")
                    except ValueError as error:
                        st.error(str(error), icon=":material/error:")
                    else:
                        st.success(
                            "The key works. Nothing was sent.", icon=":material/check_circle:"
                        )
            if connection.source == "data folder":
                st.button(
                    "Remove",
                    key=f"remove_{connection.name}",
                    icon=":material/delete:",
                    on_click=remove,
                    args=(connection.name,),
                )

add_connection.draw(settings)

st.subheader("You", anchor=False)
preferences = load_preferences(auth.who(), settings)
st.text_input(
    "Your own phone",
    value=preferences.own_phone,
    key="own_phone",
    placeholder="+1 650 555 0123",
    help="Tests go here. Write it with its country code.",
    on_change=remember_phone,
)
choose_country(
    "Default country",
    preferences.region,
    key="country",
    help="Read phone numbers without a country code as this country's.",
    on_change=remember_country,
)

st.subheader("Saved columns", anchor=False)
saved_mappings.manage(settings)

st.subheader("Data", anchor=False)
st.write(
    f"Everything is kept in `{settings.data_dir}` on this machine."
    + (
        " Sheets, plans and exclude lists are also in a shared storage."
        if settings.storage_url
        else ""
    )
)
usage = measure(settings)
used = ", ".join(f"{label.lower()} {formatting.size(size)}" for label, size in usage.parts.items())
st.caption(
    f"{formatting.size(usage.total)} in all: {used}. {formatting.size(usage.free)} are free."
)
