"""Large and small letters of names, as people write them: "María de la Cruz", "O'Brien"."""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SMALL_WORDS: Final = frozenset(
    {"de", "del", "la", "las", "los", "y", "e", "da", "das", "do", "dos", "di", "du"}
    | {"van", "von", "der", "den", "ter", "bin", "al"}
)
_ROMAN: Final = re.compile(r"(?:ii|iii|iv|vi|vii|viii|ix|xi|xii)")
_AFTER: Final = re.compile(r"\s+[^\W\d_]")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")

# Arrow writes words of one kind of letters right, and a million of them at once. Whatever has a
# word with a rule of its own is left to `name_letters`.
_PLAIN: Final = r"^(?:[\p{Lu} ]+|[\p{Ll} ]+)$"
_RIGHT: Final = r"^\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)*$"
_SPECIAL: Final = rf"(?i)\b(?:{'|'.join(sorted(_SMALL_WORDS))}|[ivx]{{2,4}}|mc\pL{{3,}})\b"


def write_names(texts: pa.Array) -> pa.Array:
    """Return texts with each name's first letter large and the others small.

    Words in large and small letters already ("McDonald", "deSouza") stay as they are, and words
    that join two names are small between them ("de la", "y", "dos").
    """
    special = pc.match_substring_regex(texts, _SPECIAL)
    plain = pc.and_not(pc.match_substring_regex(texts, _PLAIN), special)
    right = pc.and_not(pc.match_substring_regex(texts, _RIGHT), special)
    written = pc.if_else(plain, pc.utf8_title(texts), texts)
    others = pc.invert(pc.or_(plain, right))
    rest = [name_letters(text) for text in texts.filter(others).to_pylist()]
    return pc.replace_with_mask(written, others, pa.array(rest, texts.type))


def name_letters(text: str) -> str:
    """Return one text as `write_names` writes it."""
    return _WORD.sub(_write_word, text)


def _write_word(found: re.Match[str]) -> str:
    word = found[0]
    small = word.lower()
    between = found.start() > 0 and _AFTER.match(found.string, found.end())
    if small in _SMALL_WORDS and between:
        return small
    if _ROMAN.fullmatch(small) and found.start() > 0:
        return word.upper()
    if not (word.isupper() or word.islower()):
        return word
    if small.startswith("mc") and len(small) > 4:
        return "Mc" + small[2:].capitalize()
    head = small[:2]
    # "O'Brien" and "D'Angelo", but "Ana's".
    if head[1:] in ("'", "\u2019"):
        return head.capitalize() + small[2:].capitalize()
    return small.capitalize()
