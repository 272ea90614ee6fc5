"""Translate the texts that people read: gettext, with English as the source language.

``_("{name} is empty", name=…)`` translates a text where it is shown. ``N_("…")`` marks the text of
a module or class, to be translated with `_` when it is shown. ``ngettext`` chooses the form for a
number. Values are named and never built into a text, so that a translation may reorder them.

A language is one file: ``lib/locale/<language>/LC_MESSAGES/messages.po``.

A translated text depends on its reader. Store and cache codes and values, never texts.
"""

import functools
import gettext
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

SOURCE_LANGUAGE: Final = "en"
LOCALE_FOLDER: Final = Path(__file__).parent / "locale"


class _LanguageSource:
    """Where the reader's language comes from: a function that the interface sets."""

    def __init__(self) -> None:
        self.preferred: Callable[[], str | None] = lambda: None


_source: Final = _LanguageSource()


def set_language_source(preferred: Callable[[], str | None]) -> None:
    """Set the function that returns the reader's language tag (``es-MX``), or None for English."""
    _source.preferred = preferred


def available_languages() -> frozenset[str]:
    """Return the languages that there are texts in, such as ``es`` or ``pt_BR``."""
    found = LOCALE_FOLDER.glob("*/LC_MESSAGES/messages.po")
    return frozenset({SOURCE_LANGUAGE, *(path.parent.parent.name for path in found)})


def current_locale() -> Locale:
    """Return the reader's locale if its language is available, else English."""
    return _locale(_source.preferred() or SOURCE_LANGUAGE)


def _(message: str, /, **values: object) -> str:
    """Return a text in the reader's language, with values in place of their ``{names}``."""
    # The empty message is the header of a catalogue.
    text = _translations(str(current_locale())).gettext(message) if message else ""
    return text.format(**values) if values else text


def ngettext(singular: str, plural: str, number: int, /, **values: object) -> str:
    """Return the form of a text for a number, which stands in place of ``{count}``."""
    locale = current_locale()
    text = _translations(str(locale)).ngettext(singular, plural, number)
    return text.format(count=format_decimal(number, locale=locale), **values)


def N_(message: str, /) -> str:  # noqa: N802 - the name that extraction tools look for
    """Mark a text for translation and return it unchanged."""
    return message


@functools.cache
def _locale(tag: str) -> Locale:
    """Return the locale of a language tag; English if it is unknown or has no texts."""
    try:
        locale = Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError):
        return Locale(SOURCE_LANGUAGE)
    names = (str(locale), f"{locale.language}_{locale.territory}", locale.language)
    known = next((name for name in names if name in available_languages()), None)
    return locale if known else Locale(SOURCE_LANGUAGE)


@functools.cache
def _translations(locale: str) -> gettext.NullTranslations:
    """Return the texts for a locale: of its language and country, or of its language alone."""
    parsed = Locale.parse(locale)
    for name in (locale, f"{parsed.language}_{parsed.territory}", parsed.language):
        path = LOCALE_FOLDER / name / "LC_MESSAGES" / "messages.po"
        if path.exists():
            return _read(path, name)
    return gettext.NullTranslations()


def _read(path: Path, language: str) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
