"""The form that adds a connection, and the question whether it replaces one of the same name."""

from typing import Final

import streamlit as st
from pydantic import SecretStr

from lib.connections import ConnectionExistsError, save_connection
from lib.settings import ConnectionSettings, Settings

_TURN: Final = "connection_turn"
_ASKED: Final = "connection_exists"


def draw(settings: Settings) -> None:
    """Draw the form, and the question where one is open."""
    with st.expander(
        "Add a connection", icon=":material/add:", expanded=_ASKED in st.session_state
    ):
        st.write(
            "Your account manager at Connectly gives you the business id and the key. They are "
            "kept in the data folder, in a file that only this machine's user can read. An "
            "administrator can set them in the environment or the secrets file instead."
        )
        # A new key empties the form, once a connection is added: what is refused stays.
        turn = st.session_state.setdefault(_TURN, 0)
        with st.form(f"add_connection_{turn}", border=False):
            name, given = _fields(turn)
            submitted = st.form_submit_button("Add connection", type="primary")
        if submitted:
            st.session_state.pop(_ASKED, None)
            if not (name and given.business_id and given.api_key.get_secret_value()):
                st.error("Name, business id and API key are all needed.", icon=":material/error:")
            else:
                _save(name, given, settings)
        if (question := st.session_state.get(_ASKED)) is not None:
            _ask(question, settings)


def _fields(turn: int) -> tuple[str, ConnectionSettings]:
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
    given = ConnectionSettings(
        business_id=business_id.strip(),
        api_key=SecretStr(api_key.strip()),
        base_url=base_url.strip(),
        rate=rate,
    )
    return name.strip().lower(), given


def _save(
    name: str,
    given: ConnectionSettings,
    settings: Settings,
    *,
    replacing: ConnectionSettings | None = None,
) -> None:
    """Save a connection and empty the form; where another has its name, ask."""
    try:
        save_connection(name, given, settings, replacing=replacing)
    except ConnectionExistsError as error:
        st.session_state[_ASKED] = error
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
    else:
        st.session_state.pop(_ASKED, None)
        st.session_state[_TURN] += 1
        st.rerun()


def _ask(question: ConnectionExistsError, settings: Settings) -> None:
    """Show what would change, and let the person replace the connection or keep it."""
    with st.container(border=True, key="replace_connection"):
        st.warning(
            f"**The connection “{question.name}” exists already.** Replacing it changes:",
            icon=":material/swap_horiz:",
        )
        st.table(
            {
                "": [label for label, _, _ in question.differences],
                "Now": [before for _, before, _ in question.differences],
                "New": [after for _, _, after in question.differences],
            },
            hide_index=True,
        )
        st.caption(
            "Runs that were confirmed with this connection pause if its business id or address "
            "changes. Nothing of them is sent to the new one."
        )
        with st.container(horizontal=True):
            if st.button("Replace connection", icon=":material/swap_horiz:", key="replace_it"):
                _save(question.name, question.wanted, settings, replacing=question.there)
                st.rerun()
            if st.button("Keep the present one", key="keep_it"):
                st.session_state.pop(_ASKED, None)
                st.rerun()
