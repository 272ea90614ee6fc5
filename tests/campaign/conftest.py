"""Fixtures for tests of campaigns."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import i18n

_MESSAGES = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Row"
msgstr "Fila"

msgid "Why held"
msgstr "Motivo de la retención"

msgid "Outcome"
msgstr "Resultado"

msgid "Empty variable"
msgstr "Variable vacía"

msgid "Choose the column with the phone numbers."
msgstr "Elija la columna de los teléfonos."
"""


@pytest.fixture
def in_spanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Translate a few texts to Spanish for a reader who prefers it."""
    messages = tmp_path / "locale" / "es" / "LC_MESSAGES" / "messages.po"
    messages.parent.mkdir(parents=True)
    messages.write_text(_MESSAGES, encoding="utf-8")
    preferred = i18n._source.preferred
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path / "locale")
    _clear_caches()
    i18n.set_language_source(lambda: "es-MX")
    yield
    i18n.set_language_source(preferred)
    _clear_caches()


def _clear_caches() -> None:
    i18n._locale.cache_clear()
    i18n._translations.cache_clear()
