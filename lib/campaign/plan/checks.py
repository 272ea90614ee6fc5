"""Checks of whole columns, and the collection of their findings."""

import functools
import json
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import TEXT_TYPE, Mask, matches, whole_array
from lib.campaign.findings import FindingCode
from lib.connectly import CALLBACK_MAX_BYTES, callback_size

MAX_VALUE_CHARACTERS: Final = 1024
"""WhatsApp's limit for the text of one variable, in characters."""


# Errors of spreadsheet programs as text: in English, Spanish and Portuguese, of LibreOffice, and of
# formulas that were still loading.
_ERROR: Final = (
    r"(?i)^\s*(?:#(?:N/A|N/D|[¡¿]?(?:REF|VALUE|VALOR|NAME|NOMBRE|NOME|DIV/0|NULL|NULO|NUM|NÚM|SPILL"
    r"|DESBORDAMIENTO|DESPEJAR|CALC|CÁLC|FIELD|CAMPO|BLOCKED|CONNECT|BUSY|PYTHON|ERROR|UNKNOWN)[!?]?"
    r"|GETTING_DATA)|#{4,}|Err:\d{3}|(?:Loading|Cargando|Carregando)(?:\.\.\.|…))\s*$"
)

_ERROR_STARTS: Final = ("#", " #", "Err:", "Loading", "Cargando", "Carregando")


def is_spreadsheet_error(values: pd.Series) -> Mask:
    """Return which cells are the error of a spreadsheet program instead of a value."""
    texts = whole_array(values)
    # Few cells begin like an error, so only those are tested for the whole pattern.
    starts = (pc.starts_with(texts, start) for start in _ERROR_STARTS)
    mask: Mask = functools.reduce(pc.or_, starts).to_numpy(zero_copy_only=False)
    candidates = np.flatnonzero(mask)
    mask[candidates] = matches(values.iloc[candidates], _ERROR)
    return mask


def is_long(values: pd.Series) -> Mask:
    """Return which values have more characters than WhatsApp accepts."""
    max_bytes = pc.max(pc.binary_length(pa.chunked_array(pa.array(values)))).as_py()
    if (max_bytes or 0) <= MAX_VALUE_CHARACTERS:
        # A character has at least one byte.
        return np.zeros(len(values), dtype=bool)
    return (values.str.len() > MAX_VALUE_CHARACTERS).to_numpy(dtype=bool)


def other_channels(values: pd.Series) -> Mask:
    """Return which values of a channel column are not WhatsApp, empty ones included."""
    return ~matches(values, r"(?i)^\s*(?:channel[ _]?type[ _]?)?(?:whats[ _-]?app|wa)\s*$")


def encode_variables(columns: dict[str, pd.Series], rows: int) -> pa.Array:
    """Return the variables of each row as the text of a JSON object, in the mapping's order."""
    if not columns:
        return pa.array(["{}"] * rows, type=pa.large_string())
    pieces: list[pa.Array | pa.Scalar] = []
    before = "{"
    for name, values in columns.items():
        before += json.dumps(name, ensure_ascii=False) + ":"
        pieces += [pa.scalar(before + '"', pa.large_string()), _escape(whole_array(values))]
        before = '",'
    end, separator = pa.scalar('"}', pa.large_string()), pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(*pieces, end, separator)


def _escape(texts: pa.Array) -> pa.Array:
    """Return texts escaped as the inside of JSON strings."""
    needs_escape = pc.match_substring_regex(texts, r'["\\\x00-\x1f]')
    if not pc.any(needs_escape).as_py():
        return texts
    # Few texts need escapes, so only those leave Arrow.
    encoded = [
        json.dumps(text, ensure_ascii=False)[1:-1]
        for text in texts.filter(needs_escape).to_pylist()
    ]
    return pc.replace_with_mask(texts, needs_escape, pa.array(encoded, pa.large_string()))


def encode_callback(values: pd.Series) -> tuple[pd.Series, Mask, Mask]:
    """Return callback data as JSON texts, which rows' data are too large, and which are invalid.

    The text of a JSON object or array is sent as such; any other text as a string. The JSON text is
    missing where the value is empty, too large or invalid.
    """
    codes, unique = pd.factorize(values.astype("object"))
    read = [_read_callback(text) for text in unique]
    texts = pd.array([text for text, _ in read], dtype=TEXT_TYPE).take(codes)
    problems = np.array([problem for _, problem in read], dtype=object)[codes]
    series = pd.Series(texts, index=values.index, dtype=TEXT_TYPE)
    is_too_large = problems == FindingCode.CALLBACK_TOO_LARGE
    return series, is_too_large, problems == FindingCode.CALLBACK_UNFIT


def _read_callback(text: str) -> tuple[str | None, FindingCode | None]:
    """Return the JSON text of one value, and what is wrong with it."""
    if not text.strip():
        return None, None
    value: object = text
    if text.lstrip()[0] in "{[":
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None, FindingCode.CALLBACK_UNFIT
    if callback_size(value) > CALLBACK_MAX_BYTES:  # type: ignore[arg-type] # it came from JSON
        return None, FindingCode.CALLBACK_TOO_LARGE
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")), None


def _refuse_constant(name: str) -> object:
    """Raise ValueError for NaN and Infinity, which JSON does not allow."""
    raise ValueError(name)
