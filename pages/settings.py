"""Settings: connections, own phone, default country, saved mappings and stored data."""

import contextlib

import streamlit as st

from lib.connections import (
    Connection,
    ConnectionsDamagedError,
    check_connection,
    connections_are_damaged,
    delete_connection,
    list_connections,
    set_damaged_aside,
)
from lib.connectly import ConnectlyError
from lib.disk_usage import measure
from lib.i18n import N_, _
from lib.preferences import change_preferences, load_preferences
from lib.ui import auth, page
from lib.ui.add_connection import draw_add_connection
from lib.ui.countries import choose_country
from lib.ui.errors import draw_error
from lib.ui.formatting import comma_list, decimal, size
from lib.ui.new_broadcast import saved_mappings

SOURCES = {
    "sandbox": N_("built in"),
    "environment": N_("set in the environment"),
    "secrets file": N_("set in the secrets file"),
    "data folder": N_("saved in the data folder"),
}

settings = page.begin_page(
    _("Settings"),
    _("Your connections, your own phone, and where your data is stored."),
    connects=True,
)


def save_phone() -> None:
    """Save the visitor's own phone when it changes."""
    change_preferences(auth.who(), settings, own_phone=st.session_state["own_phone"].strip())


def save_country() -> None:
    """Save the default country when it changes."""
    change_preferences(auth.who(), settings, region=st.session_state["country"])


def remove(name: str) -> None:
    """Delete a connection; if the file is damaged by now, the page shows it."""
    with contextlib.suppress(ConnectionsDamagedError):
        delete_connection(name, settings)


def draw_connection(connection: Connection) -> None:
    """Draw a connection and the buttons to test and remove it."""
    with st.container(border=True, key=f"connection_{connection.name}"):
        st.markdown(f"**{page.describe_connection(connection)}**")
        details = _(
            "Business ID `{business_id}` · key `{key}` · {rate} requests per second · {source}",
            business_id=connection.business_id,
            key=connection.masked_key,
            rate=decimal(connection.rate),
            source=_(SOURCES[connection.source]),
        )
        st.caption(f"{details}  \n`{connection.base_url}`")
        with st.container(horizontal=True):
            if st.button(
                _("Test connection"),
                key=f"test_{connection.name}",
                icon=":material/network_check:",
            ):
                test_connection(connection)
            if connection.source == "data folder":
                st.button(
                    _("Remove"),
                    key=f"remove_{connection.name}",
                    icon=":material/delete:",
                    on_click=remove,
                    args=(connection.name,),
                )


def test_connection(connection: Connection) -> None:
    """Check a connection without sending anything, and draw the result."""
    with st.spinner(_("Testing the connection")):
        try:
            check_connection(connection, settings)
        except ConnectlyError as error:
            st.error(_(error.user_message), icon=":material/error:")
        except ValueError as error:
            st.error(_(str(error)), icon=":material/error:")
        else:
            st.success(_("The key works. Nothing was sent."), icon=":material/check_circle:")


st.subheader(_("Connections"), anchor=False)
st.write(_("A connection is one business on Connectly: its ID, its key and its sending rate."))
if connections_are_damaged(settings):
    draw_error(ConnectionsDamagedError())
    st.button(
        _("Set damaged file aside"),
        icon=":material/drive_file_move:",
        on_click=set_damaged_aside,
        args=(settings,),
        help=_("It stays in the data folder as connections.json.damaged."),
    )
for each in list_connections(settings):
    draw_connection(each)
draw_add_connection(settings)

st.subheader(_("You"), anchor=False)
preferences = load_preferences(auth.who(), settings)
st.text_input(
    _("Your own phone"),
    value=preferences.own_phone,
    key="own_phone",
    placeholder="+1 650 555 0123",
    help=_("Tests are sent here. Include the country code."),
    on_change=save_phone,
)
choose_country(
    _("Default country"),
    preferences.region,
    key="country",
    help=_("The country of phone numbers without a country code."),
    on_change=save_country,
)

st.subheader(_("Saved mappings"), anchor=False)
saved_mappings.manage(settings)

st.subheader(_("Data"), anchor=False)
stored = _("Your data is stored in `{folder}` on this machine.", folder=settings.data_dir)
if settings.storage_url:
    shared = _("Sheets, plans and exclude lists are also in shared storage.")
    st.write(f"{stored} {shared}")
else:
    st.write(stored)
usage = measure(settings)
parts = [f"{_(label)} {size(used)}" for label, used in usage.parts.items()]
st.caption(
    _(
        "{total} in total: {parts}. {free} free.",
        total=size(usage.total),
        parts=comma_list(parts),
        free=size(usage.free),
    )
)
