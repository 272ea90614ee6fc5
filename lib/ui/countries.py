"""Country names and the choice of a country."""

import functools
from collections.abc import Callable

import phonenumbers
import streamlit as st
from babel import Locale

from lib.i18n import _, current_locale


def country_names() -> dict[str, str]:
    """Return the names of all countries with phone numbers by ISO code, sorted by name.

    Names are in the visitor's language.
    """
    return _country_names(str(current_locale()))


@functools.cache
def _country_names(locale: str) -> dict[str, str]:
    names = Locale.parse(locale).territories
    found = {code: names.get(code, code) for code in phonenumbers.SUPPORTED_REGIONS}
    return dict(sorted(found.items(), key=lambda each: each[1]))


def choose_country(
    label: str,
    region: str | None,
    *,
    key: str,
    help: str,  # noqa: A002 - the name that Streamlit gives it
    on_change: Callable[[], None] | None = None,
) -> str | None:
    """Draw the choice of a country and return its ISO code, or None for no country."""
    names = country_names()
    options = [None, *names]
    return st.selectbox(
        label,
        options,
        index=options.index(region) if region in names else 0,
        format_func=lambda code: _("No default country") if code is None else names[code],
        key=key,
        help=help,
        on_change=on_change,
    )
