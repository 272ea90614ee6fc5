"""Babel extraction method for the texts of TOML files."""

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any, Final

# Keys whose values are not shown.
_NOT_TEXT: Final = frozenset({"class"})


def extract_toml(
    fileobj: IO[bytes],
    keywords: Collection[str],  # noqa: ARG001 - every text is extracted
    comment_tags: Collection[str],  # noqa: ARG001 - the key is the comment
    options: Mapping[str, Any],  # noqa: ARG001 - there are none
) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield line number, function name, text and comments of each text in a TOML file.

    The function name is empty. The comment is the text's dotted key. Every string is a text, except
    the values of the key ``class``.
    """
    source = fileobj.read().decode()
    lines = source.splitlines()
    number = 0
    for keys, text in _texts(tomllib.loads(source), ()):
        number = _find_line(lines, text, after=number)
        yield number, "", text, [".".join(keys)]


def _texts(
    table: Mapping[str, Any], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _texts(value, (*keys, key))
        elif isinstance(value, str) and key not in _NOT_TEXT:
            yield (*keys, key), value


def _find_line(lines: list[str], text: str, *, after: int) -> int:
    """Return the number of the next line that ends with a text in quotes, else ``after``."""
    quoted = json.dumps(text, ensure_ascii=False)
    following = enumerate(lines[after:], start=after + 1)
    return next((number for number, line in following if line.endswith(quoted)), after)
