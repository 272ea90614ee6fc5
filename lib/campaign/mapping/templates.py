"""Templates: a text with the names of columns in braces, "{first} {last}".

What stands behind a bar is for an empty cell: "{first|friend}". With nothing behind the bar the
part drops out, and one space beside it. Double braces, as other programs have them, do as well.
"""

import re
from dataclasses import dataclass
from typing import Final

_BRACES: Final = re.compile(r"\{\{([^{}]*)\}\}|\{([^{}]*)\}")


@dataclass(frozen=True)
class Part:
    """A column's place in a template, with what stands in for an empty cell, if that is said."""

    column: str
    fallback: str | None


def parts_of(template: str) -> list[str | Part]:
    """Return texts and columns' places by turns; the first and the last are texts."""
    found: list[str | Part] = []
    end = 0
    for each in _BRACES.finditer(template):
        inner = each[2] if each[1] is None else each[1]
        column, bar, fallback = inner.partition("|")
        found += [template[end : each.start()], Part(column.strip(), fallback if bar else None)]
        end = each.end()
    return [*found, template[end:]]


def columns_of(template: str) -> tuple[str, ...]:
    """Return the columns that a template names, each once."""
    names = (part.column for part in parts_of(template) if isinstance(part, Part))
    return tuple(dict.fromkeys(names))


def rename_columns(template: str, names: dict[str, str]) -> str:
    """Return a template with other names for its columns."""

    def write(part: str | Part) -> str:
        if isinstance(part, str):
            return part
        behind = "" if part.fallback is None else f"|{part.fallback}"
        return f"{{{names.get(part.column, part.column)}{behind}}}"

    return "".join(map(write, parts_of(template)))
