"""Capitalize names the way people do: "María de la Cruz", "O'Brien"."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_LOWERCASE_WORDS: Final = frozenset(
    {"de", "del", "la", "las", "los", "y", "e", "da", "das", "do", "dos", "di", "du"}
    | {"van", "von", "der", "den", "ter", "bin", "al"}
)
_ROMAN: Final = re.compile(r"(?:ii|iii|iv|vi|vii|viii|ix|xi|xii)")
_AFTER: Final = re.compile(r"\s+[^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")

# Arrow capitalizes words in a single case correctly and fast. Texts that contain a word with a
# special rule are left to `name_letters`.
_SINGLE_CASE: Final = r"^(?:[\p{Lu} ]+|[\p{Ll} ]+)$"
_CAPITALIZED: Final = r"^\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)*$"
_SPECIAL: Final = rf"(?i)\b(?:{'|'.join(sorted(_LOWERCASE_WORDS))}|[ivx]{{2,4}}|mc\pL{{3,}})\b"


def write_names(texts: pa.Array) -> pa.Array:
    """Return texts with each name capitalized.

    Words in mixed case ("McDonald", "deSouza") are unchanged. Words that join two names ("de la",
    "y", "dos") are in lowercase between them.
    """
    special = pc.match_substring_regex(texts, _SPECIAL)
    single_case = pc.and_not(pc.match_substring_regex(texts, _SINGLE_CASE), special)
    capitalized = pc.and_not(pc.match_substring_regex(texts, _CAPITALIZED), special)
    written = pc.if_else(single_case, pc.utf8_title(texts), texts)
    others = pc.invert(pc.or_(single_case, capitalized))
    rest = [name_letters(text) for text in texts.filter(others).to_pylist()]
    return pc.replace_with_mask(written, others, pa.array(rest, texts.type))


def name_letters(text: str) -> str:
    """Return one text capitalized as `write_names` does."""
    return _WORD.sub(_capitalize_word, text)


def _capitalize_word(found: re.Match[str]) -> str:
    word = found[0]
    small = word.lower()
    between = found.start() > 0 and _AFTER.match(found.string, found.end())
    if small in _LOWERCASE_WORDS and between:
        return small
    if _ROMAN.fullmatch(small) and found.start() > 0:
        return word.upper()
    if not (word.isupper() or word.islower()):
        return word
    if small.startswith("mc") and len(small) > 4:
        return "Mc" + small[2:].capitalize()
    head = small[:2]
    # "O'Brien" and "D'Angelo", unlike "Ana's".
    if head[1:] in ("'", "\u2019"):
        return head.capitalize() + small[2:].capitalize()
    return small.capitalize()
