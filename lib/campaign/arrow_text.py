"""Operations on Arrow arrays of text."""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

TEXT_TYPE: Final = "string[pyarrow]"
"""The pandas type of all columns of text."""

Mask = np.ndarray
"""Booleans, one for each row."""

_SAMPLE: Final = 1_000


def distinct_values(values: pd.Series) -> tuple[pd.Series, np.ndarray | None]:
    """Return a column's distinct values, and the index of each row's value among them.

    A column with many distinct values is returned unchanged, with None for the indexes.
    """
    if values.head(_SAMPLE).nunique() > _SAMPLE // 10:
        return values, None
    coded = whole_array(values).dictionary_encode()
    return pd.Series(coded.dictionary, dtype=TEXT_TYPE), coded.indices.to_numpy()


def is_empty(values: pd.Series) -> Mask:
    """Return which values are empty or consist of spaces."""
    return (values.str.strip() == "").to_numpy(dtype=bool)


def matches(values: pd.Series, pattern: str) -> Mask:
    """Return which values contain a match of the pattern (RE2 syntax)."""
    found = pc.match_substring_regex(whole_array(values), pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def whole_array(values: pd.Series) -> pa.Array:
    """Return texts as one Arrow array."""
    return pa.chunked_array(pa.array(values, pa.large_string())).combine_chunks()
