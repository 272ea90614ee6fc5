"""Choosing a country by its name."""

import functools
from collections.abc import Callable

import phonenumbers
import streamlit as st
from babel import Locale


@functools.cache
def country_names() -> dict[str, str]:
    """Return every country that phone numbers can be of: its ISO code and name, by name."""
    names = Locale("en").territories
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
    """Draw a searchable list of countries; return the ISO code chosen, None for no country."""
    names = country_names()
    options = [None, *names]
    return st.selectbox(
        label,
        options,
        index=options.index(region) if region in names else 0,
        format_func=lambda code: "No default country" if code is None else names[code],
        key=key,
        help=help,
        on_change=on_change,
    )
