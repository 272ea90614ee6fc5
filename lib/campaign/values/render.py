"""Writing: a field's values for all rows, from where they come and in the form that is wanted."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import Mask, is_empty, whole_array
from lib.campaign.findings import Severity
from lib.campaign.mapping.model import FieldSource
from lib.campaign.mapping.templates import Part, parts_of
from lib.campaign.mapping.value_format import Form, Spaces, Style
from lib.campaign.values.dates import Rewritten, write_dates
from lib.campaign.values.name_case import write_names
from lib.campaign.values.numbers import write_numbers

_TEXT: Final = "string[pyarrow]"
_SPACES: Final = r"[\s\p{Z}]+"
_CODES: Final = {
    Form.DATE: ("date_unsure", "not_a_date"),
    Form.NUMBER: ("number_unsure", "not_a_number"),
}


@dataclass(frozen=True)
class RenderedColumn:
    """A field's values as texts for all rows, empty where there is none.

    ``notes`` are findings: a code, a severity, and the rows; all are about ``column``, which is
    None where the values come from no single one.
    """

    texts: pd.Series
    column: str | None
    notes: list[tuple[str, Severity, Mask]] = field(default_factory=list)


def render_field(source: FieldSource, frame: pd.DataFrame, *, trim: bool) -> RenderedColumn:
    """Return a field's values for all rows of the frame; ``trim`` allows to take spaces off."""
    if source.template is not None:
        return _put_together(source, frame, trim=trim)
    if source.column is None:
        value = (source.value or "").strip() if trim else source.value or ""
        return RenderedColumn(pd.Series(value, index=frame.index, dtype=_TEXT), None)
    raw = frame[source.column]
    values = _tidied(raw, source.style.spaces if trim else Spaces.KEEP)
    written = RenderedColumn(values, source.column, _spaces_taken(values, raw))
    if source.style.form is not Form.AS_IT_IS:
        written = _in_form(written, source.style)
    if source.fallback:
        values = written.texts.mask(written.texts == "", source.fallback)
        written = RenderedColumn(values, source.column, written.notes)
    return written


def _put_together(source: FieldSource, frame: pd.DataFrame, *, trim: bool) -> RenderedColumn:
    """Fill a template row by row; a row with an empty cell that nothing stands in for is empty."""
    assert source.template is not None
    spaces = source.style.spaces if trim else Spaces.KEEP
    taken = np.zeros(len(frame), dtype=bool)
    gaps = np.zeros(len(frame), dtype=bool)
    pieces: list[pa.Array | pa.Scalar] = []
    before, dropped = "", np.zeros(len(frame), dtype=bool)
    for part in parts_of(source.template):
        if isinstance(part, Part):
            raw = frame[part.column]
            values = _tidied(raw, spaces)
            taken |= (values != raw).to_numpy(dtype=bool)
            empty = is_empty(values)
            instead = part.fallback if part.fallback is not None else source.fallback
            if instead:
                values = values.mask(empty, instead)
            gaps |= empty if part.fallback is None and not instead else False
            dropped = empty if not instead else np.zeros(len(frame), dtype=bool)
            pieces.append(whole_array(values))
        else:
            # Of the spaces on both sides of a part that dropped out, one goes with it.
            double = part.startswith(" ") and before[-1:] in ("", " ")
            pieces.append(
                pc.if_else(pa.array(dropped), part[1:] if double else part, part).cast(
                    pa.large_string()
                )
            )
            before = part
    joined = pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))
    joined = pc.if_else(pa.array(gaps), "", joined)
    values = _tidied(pd.Series(joined, frame.index, dtype=_TEXT), spaces)
    columns = source.columns
    column = columns[0] if len(columns) == 1 else None
    notes = [("trimmed", Severity.WARN, taken)]
    written = RenderedColumn(values, column, notes)
    return written if source.style.form is Form.AS_IT_IS else _in_form(written, source.style)


def _tidied(values: pd.Series, spaces: Spaces) -> pd.Series:
    if spaces is Spaces.KEEP:
        return values
    if spaces is Spaces.ONE_LINE:
        lines = pc.replace_substring_regex(whole_array(values), _SPACES, " ")
        values = pd.Series(lines, values.index, dtype=values.dtype)
    return values.str.strip()


def _spaces_taken(values: pd.Series, raw: pd.Series) -> list[tuple[str, Severity, Mask]]:
    if values is raw:
        return []
    return [("trimmed", Severity.WARN, (values != raw).to_numpy(dtype=bool))]


def _in_form(written: RenderedColumn, style: Style) -> RenderedColumn:
    """Write values in a style's form; equal texts are looked at once."""
    coded = whole_array(written.texts).dictionary_encode()
    found = _rewritten(coded.dictionary, style)
    values = pd.Series(found.texts.take(coded.indices), written.texts.index, dtype=_TEXT)
    notes = list(written.notes)
    if style.form in _CODES:
        places = coded.indices.to_numpy()
        unsure, other = _CODES[style.form]
        notes.append((unsure, Severity.HOLD, found.unsure[places]))
        notes.append((other, Severity.WARN, found.other[places]))
    return RenderedColumn(values, written.column, notes)


def _rewritten(texts: pa.Array, style: Style) -> Rewritten:
    nothing = np.zeros(len(texts), dtype=bool)
    match style.form:
        case Form.DATE:
            return write_dates(texts, style)
        case Form.NUMBER:
            return write_numbers(texts, style)
        case Form.NAME:
            texts = write_names(texts)
        case Form.UPPER:
            texts = pc.utf8_upper(texts)
        case Form.LOWER:
            texts = pc.utf8_lower(texts)
        case Form.FIRST:
            texts = pc.utf8_capitalize(texts)
    return Rewritten(texts, nothing, nothing)
