"""A language is one file: its texts, plurals and numbers are used for readers who prefer it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lib import i18n
from lib.i18n import _, available_languages, current_locale, ngettext, set_language_source

SPANISH = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "{name} is empty"
msgstr "Está vacío: {name}"

msgid "{count} row"
msgid_plural "{count} rows"
msgstr[0] "{count} fila"
msgstr[1] "{count} filas"
"""


@pytest.fixture(autouse=True)
def locale_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of languages with Spanish in it."""
    catalogue = tmp_path / "es" / "LC_MESSAGES" / "messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(SPANISH, encoding="utf-8")
    monkeypatch.setattr(i18n, "LOCALE_FOLDER", tmp_path)
    clear_caches()
    yield tmp_path
    set_language_source(lambda: None)
    clear_caches()


def clear_caches() -> None:
    i18n._locale.cache_clear()
    i18n._translations.cache_clear()


@pytest.mark.parametrize("tag", ["es", "es-MX", "es_AR"])
def test_adding_a_file_adds_a_language(tag: str) -> None:
    assert available_languages() == {"en", "es"}
    set_language_source(lambda: tag)
    assert current_locale().language == "es"
    assert _("{name} is empty", name="A1") == "Está vacío: A1"
    assert ngettext("{count} row", "{count} rows", 1) == "1 fila"


def test_numbers_follow_the_locale_of_the_reader() -> None:
    assert ngettext("{count} row", "{count} rows", 1_234_567) == "1,234,567 rows"
    set_language_source(lambda: "es-ES")
    assert ngettext("{count} row", "{count} rows", 1_234_567) == "1.234.567 filas"


@pytest.mark.parametrize("tag", [None, "fr", "xx-YY", "not a tag", ""])
def test_other_languages_are_shown_in_english(tag: str | None) -> None:
    set_language_source(lambda: tag)
    assert _("{name} is empty", name="A1") == "A1 is empty"


def test_a_text_without_a_translation_is_shown_in_english() -> None:
    set_language_source(lambda: "es")
    assert _("Sign out") == "Sign out"
    assert _("") == ""
