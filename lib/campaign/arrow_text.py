"""Operations on Arrow arrays of text."""

from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SAMPLE: Final = 1_000


_TEXT: Final = "string[pyarrow]"


Mask = np.ndarray


def distinct_values(values: pd.Series) -> tuple[pd.Series, np.ndarray | None]:
    """Return the different values of a column with few of them, and each row's place among them.

    A column with many is returned as it is, without places.
    """
    if values.head(_SAMPLE).nunique() > _SAMPLE // 10:
        return values, None
    coded = whole_array(values).dictionary_encode()
    return pd.Series(coded.dictionary, dtype=_TEXT), coded.indices.to_numpy()


def is_empty(values: pd.Series) -> Mask:
    """Tell which values are empty, or nothing but spaces."""
    return (values.str.strip() == "").to_numpy(dtype=bool)


def matches(values: pd.Series, pattern: str) -> Mask:
    """Tell which values hold the pattern (RE2 syntax)."""
    found = pc.match_substring_regex(whole_array(values), pattern)
    return np.asarray(found.to_numpy(zero_copy_only=False))


def whole_array(values: pd.Series) -> pa.Array:
    """Return texts as one array of Arrow's."""
    return pa.chunked_array(pa.array(values, pa.large_string())).combine_chunks()
