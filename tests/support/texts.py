"""Find texts for people that bypass translation, by reading the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TRANSLATES = frozenset({"_", "N_", "ngettext"})
# Arguments that are never shown as text.
_NOT_SHOWN = frozenset(
    {"key", "icon", "mime", "type", "file_name", "format", "language", "on_click", "bind", "id"}
)
_NOT_TEXT = re.compile(r":[a-z_]+/[a-z_0-9]+:|:[a-z]+\[|\{[^}]*\}|&\w+;|</?\w+[^>]*>")
_DATE_PATTERN = re.compile(r"(?:EEE )?d MMM y, HH:mm")
_WORD = re.compile(r"[A-Za-zÀ-ÿ’']{2,}")


def untranslated(path: Path, *, shows: bool) -> list[str]:
    """Return ``line: text`` for each text of a module that no translation can reach.

    In a module that ``shows`` texts, every phrase counts: two words or more, or a word that is
    passed to a function of Streamlit. In others, what is assigned to ``sentence``, ``action``,
    ``title`` and ``meaning`` counts.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = _shown(tree) if shows else _assigned(tree)
    return [f"{node.lineno}: {text}" for node, text in found]


def dynamic_messages(path: Path) -> list[str]:
    """Return the places where a message to translate is not a literal."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{call.lineno}: {ast.unparse(call)[:80]}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) in ("N_", "ngettext")
        for argument in call.args[: 2 if _name(call.func) == "ngettext" else 1]
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
    ] + [
        f"{call.lineno}: {ast.unparse(call)[:80]}"
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and _name(call.func) == "_" and call.args
        if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)
    ]


def unfilled_placeholders(path: Path) -> list[str]:
    """Return calls whose named values are not those that the literal message asks for."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or _name(call.func) not in ("_", "ngettext"):
            continue
        number = 2 if _name(call.func) == "ngettext" else 1
        texts = [each.value for each in call.args[:number] if isinstance(each, ast.Constant)]
        given = {each.arg for each in call.keywords}
        if None in given or len(texts) < number:
            continue
        wanted = {name for text in texts for name in placeholders(str(text))}
        if number == 2:
            wanted.discard("count")
        if (given and wanted != given) or (wanted and not given):
            found.append(f"{call.lineno}: wants {sorted(wanted)}, gets {sorted(map(str, given))}")
    return found


def placeholders(text: str) -> set[str]:
    """Return the names in braces of a message; doubled braces are text."""
    return set(re.findall(r"(?<!\{)\{(\w+)[^{}]*\}(?!\})", text))


def _shown(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if isinstance(parents.get(node), ast.JoinedStr | ast.FormattedValue | ast.Expr):
                continue
            if _DATE_PATTERN.fullmatch(text):
                continue
        elif isinstance(node, ast.JoinedStr):
            parts = (each.value for each in node.values if isinstance(each, ast.Constant))
            text = " ".join(map(str, parts))
            if re.fullmatch(r"[a-z0-9_/ ]*", text) and re.search("[_/]", text):
                continue  # a key or an address that is built from ids
        else:
            continue
        words = _WORD.findall(_NOT_TEXT.sub(" ", text))
        least = 1 if isinstance(node, ast.JoinedStr) else 2
        if _is_streamlit_label(node, parents):
            least = 1
        is_phrase = len(words) >= least and (" " in text.strip() or least == 1)
        if is_phrase and not _is_exempt(node, parents):
            yield node, text


def _is_streamlit_label(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    call = parents.get(node)
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.args[:1] == [node]
        and call.func.attr
        in {
            "button", "title", "header", "subheader", "caption", "metric", "toggle", "checkbox",
            "selectbox", "radio", "expander", "text_input", "text_area", "number_input", "badge",
            "download_button", "date_input", "time_input", "popover", "multiselect", "markdown",
            "write", "link_button", "segmented_control", "pills", "file_uploader",
        }
    )  # fmt: skip


def _is_exempt(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    at: ast.AST | None = node
    while at is not None:
        parent = parents.get(at)
        if isinstance(parent, ast.Call) and _name(parent.func) in TRANSLATES:
            return True
        if isinstance(parent, ast.keyword) and parent.arg in _NOT_SHOWN:
            return True
        if isinstance(parent, ast.Call) and _name(parent.func) == "cast":
            return True
        if isinstance(parent, ast.Dict) and at in parent.keys:
            return True
        if isinstance(parent, ast.Raise | ast.Assert):
            return True
        if isinstance(parent, ast.Subscript) and parent.slice is at:
            return True
        if isinstance(parent, ast.Compare):
            return True
        at = parent
    return False


def _assigned(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = [each.id for each in node.targets if isinstance(each, ast.Name)]
            values: list[tuple[str, ast.expr]] = [(name, node.value) for name in names]
        elif isinstance(node, ast.keyword) and node.arg:
            values = [(node.arg, node.value)]
        else:
            continue
        yield from (
            (value, ast.unparse(value))
            for name, value in values
            if name in ("sentence", "action", "title", "meaning") and _is_phrase(value)
        )


def _is_phrase(value: ast.expr) -> bool:
    if isinstance(value, ast.JoinedStr):
        return True
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and " " in value.value


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


if __name__ == "__main__":
    import sys

    for each in sys.argv[1:]:
        module = Path(each)
        is_shown = "lib/ui" in each or "pages" in module.parts
        for line in (
            *untranslated(module, shows=is_shown),
            *dynamic_messages(module),
            *unfilled_placeholders(module),
        ):
            sys.stdout.write(f"{each}:{line}\n")
