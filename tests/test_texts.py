"""Texts for people can be translated: none bypasses gettext, and placeholders are complete."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from lib.i18n import LOCALE_FOLDER
from lib.settings import ROOT
from tests.support.texts import dynamic_messages, placeholders, unfilled_placeholders, untranslated

INTERFACE = [*ROOT.glob("pages/*.py"), *ROOT.glob("lib/ui/**/*.py")]
MODULES = [path for path in ROOT.glob("lib/**/*.py") if "migrations" not in path.parts]
# What is stored, and translated when it is shown.
STORED = {"this machine's user", "Test of "}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", INTERFACE, ids=relative)
def test_no_text_of_the_interface_bypasses_translation(path: Path) -> None:
    found = untranslated(path, shows=True)
    assert [each for each in found if each.partition(": ")[2] not in STORED] == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_sentences_and_actions_are_marked_for_translation(path: Path) -> None:
    assert untranslated(path, shows=False) == []


@pytest.mark.parametrize("path", sorted({*INTERFACE, *MODULES}), ids=relative)
def test_messages_are_literals_and_get_the_values_that_they_name(path: Path) -> None:
    assert dynamic_messages(path) == []
    assert unfilled_placeholders(path) == []


def messages() -> Iterator[tuple[str, ...]]:
    """Extract all messages as `make messages` does; plurals have two forms."""
    for folder in ("lib", "pages"):
        found = extract_from_dir(
            ROOT / folder,
            method_map=[
                ("**/catalogue.toml", "lib.i18n_toml:extract_toml"),
                ("**/studio_codes.toml", "lib.i18n_toml:extract_toml"),
                ("**.py", "python"),
            ],
            keywords={"_": None, "N_": None, "ngettext": (1, 2)},
        )
        for _file, _line, message, _comments, _context in found:
            yield message if isinstance(message, tuple) else (message,)


def catalogues() -> Iterator[Catalog]:
    for path in LOCALE_FOLDER.glob("*/LC_MESSAGES/*.po"):
        with path.open("rb") as file:
            yield read_po(file)


def test_extraction_finds_the_texts_of_pages_errors_findings_and_error_codes() -> None:
    found = {text for forms in messages() for text in forms}
    assert {"New broadcast", "Opted out", "There is no broadcast at this address."} <= found
    assert len(found) > 700


def test_both_forms_of_a_plural_name_the_same_values() -> None:
    for forms in messages():
        named = {frozenset(placeholders(text) - {"count"}) for text in forms}
        assert len(named) == 1, forms


def test_translations_name_the_values_of_their_messages() -> None:
    for message in (each for catalogue in catalogues() for each in catalogue):
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {name for source in sources for name in placeholders(str(source))}
        for text in filter(None, texts):
            assert placeholders(str(text)) - {"count"} == wanted - {"count"}, message.id
