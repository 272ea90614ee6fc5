"""Businesses that connections of tests lead to."""

from typing import Final

from lib.connections import Business, ConnectionExistsError, save_connection
from lib.settings import ConnectionSettings, Settings

SANDBOX: Final = Business("sandbox", "sandbox")


def replace_connection(name: str, given: ConnectionSettings, settings: Settings) -> None:
    """Save a connection, whatever its name has led to before."""
    try:
        save_connection(name, given, settings)
    except ConnectionExistsError as error:
        save_connection(name, given, settings, replacing=error.there)
