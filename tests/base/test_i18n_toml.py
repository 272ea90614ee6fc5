import io
from pathlib import Path

from babel.messages.extract import extract_from_file

from lib.i18n_toml import extract_toml

SOURCE = b"""
[codes.FIRST]
title = "A title"
class = "fix the sheet"

[codes.SECOND]
title = "A title"
action = "Say \\"yes\\"."
number = 1
"""


def test_all_texts_but_classes_are_extracted_with_line_and_key() -> None:
    assert list(extract_toml(io.BytesIO(SOURCE), (), (), {})) == [
        (3, "", "A title", ["codes.FIRST.title"]),
        (7, "", "A title", ["codes.SECOND.title"]),
        (8, "", 'Say "yes".', ["codes.SECOND.action"]),
    ]


def test_babel_uses_the_method_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_bytes(SOURCE)

    found = list(extract_from_file("lib.i18n_toml:extract_toml", path, keywords={}))

    assert [(line, text) for line, text, _, _ in found] == [
        (3, "A title"),
        (7, "A title"),
        (8, 'Say "yes".'),
    ]
