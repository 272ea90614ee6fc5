"""Settings: connections, own phone, default country, saved columns, and where data is kept."""

import streamlit as st
from pydantic import SecretStr

from lib.connections import (
    check_connection,
    delete_connection,
    list_connections,
    save_connection,
)
from lib.connectly import ConnectlyError
from lib.disk import measure
from lib.preferences import load_preferences, save_preferences
from lib.settings import ConnectionSettings
from lib.ui import frame, gate, saved_mappings, words
from lib.ui.countries import choose_country

settings = frame.begin(
    "Settings", "Who you send for, your own phone, and where everything is kept.", connects=True
)


def remember() -> None:
    """Keep own phone and country as soon as they change."""
    changed = preferences.model_copy(
        update={
            "own_phone": st.session_state["own_phone"].strip(),
            "region": st.session_state["country"],
        }
    )
    save_preferences(gate.who(), changed, settings)


st.subheader("Connections", anchor=False)
st.write("A connection is one business on Connectly: its id, its key, and how fast to send.")
for connection in list_connections(settings):
    with st.container(border=True, key=f"connection_{connection.name}"):
        st.markdown(f"**{frame.describe_connection(connection)}**")
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
                    on_click=delete_connection,
                    args=(connection.name, settings),
                )

with st.expander("Add a connection", icon=":material/add:"):
    st.write(
        "Your account manager at Connectly gives you the business id and the key. They are kept "
        "in the data folder, in a file that only this machine's user can read. An administrator "
        "can set them in the environment or the secrets file instead."
    )
    # A new key empties the form, once a connection is added: what is refused stays to be mended.
    turn = st.session_state.setdefault("connection_turn", 0)
    with st.form(f"add_connection_{turn}", border=False):
        name = st.text_input(
            "Name",
            placeholder="acme",
            help="Small letters, digits and hyphens.",
            key=f"connection_name_{turn}",
        )
        business_id = st.text_input("Business id", key=f"connection_business_{turn}")
        api_key = st.text_input(
            "API key", type="password", autocomplete="off", key=f"connection_key_{turn}"
        )
        base_url = st.text_input(
            "Address", value="https://api.connectly.ai", key=f"connection_address_{turn}"
        )
        rate = st.number_input(
            "Requests a second",
            min_value=1.0,
            max_value=200.0,
            value=193.5,
            step=0.5,
            key=f"connection_rate_{turn}",
            help="Connectly refuses more than 200. A little less leaves room for others.",
        )
        if st.form_submit_button("Add connection", type="primary"):
            if not (name.strip() and business_id.strip() and api_key.strip()):
                st.error("Name, business id and API key are all needed.", icon=":material/error:")
            else:
                try:
                    save_connection(
                        name.strip().lower(),
                        ConnectionSettings(
                            business_id=business_id.strip(),
                            api_key=SecretStr(api_key.strip()),
                            base_url=base_url.strip(),
                            rate=rate,
                        ),
                        settings,
                    )
                except ValueError as error:
                    st.error(str(error), icon=":material/error:")
                else:
                    st.session_state["connection_turn"] = turn + 1
                    st.rerun()

st.subheader("You", anchor=False)
preferences = load_preferences(gate.who(), settings)
st.text_input(
    "Your own phone",
    value=preferences.own_phone,
    key="own_phone",
    placeholder="+1 650 555 0123",
    help="Tests go here. Write it with its country code.",
    on_change=remember,
)
choose_country(
    "Default country",
    preferences.region,
    key="country",
    help="Read phone numbers without a country code as this country's.",
    on_change=remember,
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
used = ", ".join(f"{label.lower()} {words.size(size)}" for label, size in usage.parts.items())
st.caption(f"{words.size(usage.total)} in all: {used}. {words.size(usage.free)} are free.")
