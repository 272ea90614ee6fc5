"""Templates: texts with column names in braces, such as "{first} {last}".

A text after a bar replaces an empty cell: "{first|friend}". With nothing after the bar, an empty
cell is left out together with one adjacent space. Double braces, as other programs use them, are
accepted too.
"""

import re
from dataclasses import dataclass
from typing import Final

_BRACES: Final = re.compile(r"\{\{([^{}]*)\}\}|\{([^{}]*)\}")


@dataclass(frozen=True)
class Part:
    """A column in a template, and its text for an empty cell; None if the template has none."""

    column: str
    fallback: str | None


def parts_of(template: str) -> list[str | Part]:
    """Return a template's texts and parts in turns; the first and the last item are texts."""
    found: list[str | Part] = []
    end = 0
    for each in _BRACES.finditer(template):
        inner = each[2] if each[1] is None else each[1]
        column, bar, fallback = inner.partition("|")
        found += [template[end : each.start()], Part(column.strip(), fallback if bar else None)]
        end = each.end()
    return [*found, template[end:]]


def columns_of(template: str) -> tuple[str, ...]:
    """Return the columns in a template, each once."""
    names = (part.column for part in parts_of(template) if isinstance(part, Part))
    return tuple(dict.fromkeys(names))


def rename_columns(template: str, names: dict[str, str]) -> str:
    """Return a template with its columns renamed; columns not in ``names`` are kept."""

    def render_part(part: str | Part) -> str:
        if isinstance(part, str):
            return part
        suffix = "" if part.fallback is None else f"|{part.fallback}"
        return f"{{{names.get(part.column, part.column)}{suffix}}}"

    return "".join(map(render_part, parts_of(template)))
