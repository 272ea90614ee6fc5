"""The form that adds a connection, and the question whether to replace one of the same name."""

from typing import Final

import streamlit as st
from pydantic import SecretStr

from lib.connections import ConnectionExistsError, save_connection
from lib.i18n import _
from lib.settings import ConnectionSettings, Settings

_TURN: Final = "connection_turn"
_CONFLICT: Final = "connection_exists"


def draw_add_connection(settings: Settings) -> None:
    """Draw the form, and the question whether to replace a connection if it is open."""
    with st.expander(
        _("Add a connection"), icon=":material/add:", expanded=_CONFLICT in st.session_state
    ):
        st.write(
            _(
                "Your account manager at Connectly gives you the business ID and the API key. They "
                "are stored in the data folder, in a file that only the account that runs this app "
                "can read. Your administrator can set them in the environment or the secrets file "
                "instead."
            )
        )
        # A new key empties the form after a connection is added. Refused values stay.
        turn = st.session_state.setdefault(_TURN, 0)
        with st.form(key=f"add_connection_{turn}", border=False):
            name, given = _draw_fields(turn)
            submitted = st.form_submit_button(_("Add connection"), type="primary")
        if submitted:
            st.session_state.pop(_CONFLICT, None)
            if not (name and given.business_id and given.api_key.get_secret_value()):
                st.error(_("Enter a name, a business ID and an API key."), icon=":material/error:")
            else:
                _save(name, given, settings)
        if (conflict := st.session_state.get(_CONFLICT)) is not None:
            _draw_conflict(conflict, settings)


def _draw_fields(turn: int) -> tuple[str, ConnectionSettings]:
    """Draw the fields and return the name and the values."""
    name = st.text_input(
        _("Name"),
        placeholder="acme",
        help=_("Lowercase letters, digits, hyphens and underscores."),
        key=f"connection_name_{turn}",
    )
    business_id = st.text_input(_("Business ID"), key=f"connection_business_{turn}")
    api_key = st.text_input(
        _("API key"), type="password", autocomplete="off", key=f"connection_key_{turn}"
    )
    base_url = st.text_input(
        _("Address"), value="https://api.connectly.ai", key=f"connection_address_{turn}"
    )
    rate = st.number_input(
        _("Requests per second"),
        min_value=1.0,
        max_value=200.0,
        value=193.5,
        step=0.5,
        key=f"connection_rate_{turn}",
        help=_(
            "Connectly refuses more than 200. A slightly lower rate leaves room for other apps."
        ),
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
    """Save a connection and empty the form; if another one has its name, open the question."""
    try:
        save_connection(name, given, settings, replacing=replacing)
    except ConnectionExistsError as error:
        st.session_state[_CONFLICT] = error
    except ValueError as error:
        st.error(_(str(error)), icon=":material/error:")
    else:
        st.session_state.pop(_CONFLICT, None)
        st.session_state[_TURN] += 1
        st.rerun()


def _draw_conflict(conflict: ConnectionExistsError, settings: Settings) -> None:
    """Draw what would change, and the buttons to replace the connection or keep it."""
    with st.container(border=True, key="replace_connection"):
        title = _("The connection “{name}” already exists.", name=conflict.name)
        st.warning(f"**{title}** {_('Replacing it changes:')}", icon=":material/swap_horiz:")
        st.table(
            {
                "": [label for label, _before, _after in conflict.differences],
                _("Now"): [before for _label, before, _after in conflict.differences],
                _("New"): [after for _label, _before, after in conflict.differences],
            },
            hide_index=True,
        )
        st.caption(
            _(
                "Broadcasts confirmed with this connection pause if its business ID or address "
                "changes. None of their messages are sent to the new one."
            )
        )
        with st.container(horizontal=True):
            if st.button(_("Replace connection"), icon=":material/swap_horiz:", key="replace_it"):
                _save(conflict.name, conflict.wanted, settings, replacing=conflict.there)
                st.rerun()
            if st.button(_("Keep current connection"), key="keep_it"):
                st.session_state.pop(_CONFLICT, None)
                st.rerun()
