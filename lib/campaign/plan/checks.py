"""The checks: each looks at whole columns and says which rows it found something in."""

import json
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import _TEXT, Mask, matches, whole_array
from lib.campaign.findings import Severity
from lib.connectly import CALLBACK_MAX_BYTES, callback_size

LONGEST_VALUE: Final = 1024


class Findings:
    """Collects findings as columns; a row may have several."""

    def __init__(self, rows: pd.Index) -> None:
        self._rows = rows
        self._parts: list[pd.DataFrame] = []
        self.held: Mask = np.zeros(len(rows), dtype=bool)

    def add(self, mask: Mask, code: str, severity: Severity, column: str | None = None) -> None:
        """Note a finding for all rows of the mask."""
        if not mask.any():
            return
        rows = self._rows[mask]
        self._parts.append(
            pd.DataFrame({"row": rows, "code": code, "severity": severity.value, "column": column})
        )
        if severity is Severity.HOLD:
            self.held |= mask

    def frame(self) -> pd.DataFrame:
        """Return all findings, a line each, by row: row, code, severity, column."""
        empty = pd.DataFrame({"row": [], "code": [], "severity": [], "column": []}).astype(
            {"row": "int64"}
        )
        found = pd.concat(self._parts, ignore_index=True) if self._parts else empty
        typed = found.astype({"code": _TEXT, "severity": _TEXT, "column": _TEXT})
        return typed.sort_values("row", kind="stable", ignore_index=True)


def is_long(values: pd.Series) -> Mask:
    """Tell which values have more characters than WhatsApp takes."""
    bytes_most = pc.max(pc.binary_length(pa.chunked_array(pa.array(values)))).as_py()
    if (bytes_most or 0) <= LONGEST_VALUE:
        # A character has one byte at least.
        return np.zeros(len(values), dtype=bool)
    return (values.str.len() > LONGEST_VALUE).to_numpy(dtype=bool)


def other_channels(values: pd.Series) -> Mask:
    """Tell which of a column's channels are another one than WhatsApp, or none."""
    return ~matches(values, r"(?i)^\s*(?:channel[ _]?type[ _]?)?(?:whats[ _-]?app|wa)\s*$")


def encode_variables(columns: dict[str, pd.Series], rows: int) -> pa.Array:
    """Return each row's variables as the text of a JSON object, in the mapping's order."""
    if not columns:
        return pa.array(["{}"] * rows, type=pa.large_string())
    pieces: list[pa.Array | pa.Scalar] = []
    before = "{"
    for name, values in columns.items():
        before += json.dumps(name, ensure_ascii=False) + ":"
        texts = whole_array(values)
        odd = pc.match_substring_regex(texts, r'["\\\x00-\x1f]')
        if pc.any(odd).as_py():
            # Only few need more than quotes around them, so that all others are spared the way.
            encoded = [
                json.dumps(text, ensure_ascii=False) for text in texts.filter(odd).to_pylist()
            ]
            inner = pa.array([text[1:-1] for text in encoded], pa.large_string())
            texts = pc.replace_with_mask(texts, odd, inner)
        pieces += [pa.scalar(before + '"', pa.large_string()), texts]
        before = '",'
    end, nothing = pa.scalar('"}', pa.large_string()), pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(*pieces, end, nothing)


def encode_callback(values: pd.Series) -> tuple[pd.Series, Mask, Mask]:
    """Return callback data as JSON text (missing where empty), which is too large, which unfit.

    Text that is a JSON object or list is sent as that; all other text as a string.
    """
    codes, unique = pd.factorize(values.astype("object"))
    read = [_read_callback(text) for text in unique]
    texts = pd.array([text for text, _ in read], dtype=_TEXT).take(codes)
    problems = np.array([problem for _, problem in read], dtype=object)[codes]
    series = pd.Series(texts, index=values.index, dtype=_TEXT)
    return series, problems == "callback_too_large", problems == "callback_unfit"


def _read_callback(text: str) -> tuple[str | None, str]:
    if not text.strip():
        return None, ""
    value: object = text
    if text.lstrip()[0] in "{[":
        try:
            value = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None, "callback_unfit"
    if callback_size(value) > CALLBACK_MAX_BYTES:  # type: ignore[arg-type] # it came from JSON
        return None, "callback_too_large"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")), ""


def _refuse_constant(name: str) -> object:
    raise ValueError(name)
