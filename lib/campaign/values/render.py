"""Render a field's values for all rows, from their source and in the chosen format."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import TEXT_TYPE, Mask, is_empty, whole_array
from lib.campaign.findings import FindingCode, Severity
from lib.campaign.mapping.model import FieldSource
from lib.campaign.mapping.templates import Part, parts_of
from lib.campaign.mapping.value_format import Form, Spaces, Style
from lib.campaign.values.dates import Rewritten, write_dates
from lib.campaign.values.name_case import write_names
from lib.campaign.values.numbers import write_numbers

_SPACES: Final = r"[\s\p{Z}]+"
# The codes of ambiguous values, which are held back, and of unrecognized ones.
_CODES: Final = {
    Form.DATE: (FindingCode.DATE_UNSURE, FindingCode.NOT_A_DATE),
    Form.NUMBER: (FindingCode.NUMBER_UNSURE, FindingCode.NOT_A_NUMBER),
}


@dataclass(frozen=True)
class RenderedColumn:
    """A field's values as texts for all rows, empty where there is none.

    ``findings`` are codes, severities and masks of rows. All are about ``column``, which is None if
    the values do not come from exactly one column.
    """

    texts: pd.Series
    column: str | None
    findings: list[tuple[FindingCode, Severity, Mask]] = field(default_factory=list)


def render_field(source: FieldSource, frame: pd.DataFrame, *, trim: bool) -> RenderedColumn:
    """Return a field's values for all rows of the frame; spaces are removed only if ``trim``."""
    if source.template is not None:
        rendered = _render_template(source, frame, trim=trim)
        return _apply_form(rendered, source.style)
    if source.column is None:
        value = (source.value or "").strip() if trim else source.value or ""
        return RenderedColumn(pd.Series(value, index=frame.index, dtype=TEXT_TYPE), None)
    raw = frame[source.column]
    values = _trim(raw, source.style.spaces if trim else Spaces.KEEP)
    rendered = RenderedColumn(values, source.column, _trim_findings(values, raw))
    rendered = _apply_form(rendered, source.style)
    if source.fallback:
        values = rendered.texts.mask(rendered.texts == "", source.fallback)
        rendered = RenderedColumn(values, source.column, rendered.findings)
    return rendered


def _render_template(source: FieldSource, frame: pd.DataFrame, *, trim: bool) -> RenderedColumn:
    """Fill a template row by row.

    The value is empty in rows with an empty cell that neither the template nor the source has a
    fallback for.
    """
    assert source.template is not None
    spaces = source.style.spaces if trim else Spaces.KEEP
    is_trimmed = np.zeros(len(frame), dtype=bool)
    is_incomplete = np.zeros(len(frame), dtype=bool)
    pieces: list[pa.Array | pa.Scalar] = []
    text_before, is_dropped = "", np.zeros(len(frame), dtype=bool)
    for part in parts_of(source.template):
        if isinstance(part, Part):
            raw = frame[part.column]
            values = _trim(raw, spaces)
            is_trimmed |= (values != raw).to_numpy(dtype=bool)
            is_missing = is_empty(values)
            fallback = part.fallback if part.fallback is not None else source.fallback
            if fallback:
                values = values.mask(is_missing, fallback)
            elif part.fallback is None:
                is_incomplete |= is_missing
            is_dropped = is_missing if not fallback else np.zeros(len(frame), dtype=bool)
            pieces.append(whole_array(values))
        else:
            # A part that is left out takes one of the spaces around it with it.
            has_two_spaces = part.startswith(" ") and text_before[-1:] in ("", " ")
            without_space = part[1:] if has_two_spaces else part
            text = pc.if_else(pa.array(is_dropped), without_space, part)
            pieces.append(text.cast(pa.large_string()))
            text_before = part
    joined = pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))
    joined = pc.if_else(pa.array(is_incomplete), "", joined)
    values = _trim(pd.Series(joined, frame.index, dtype=TEXT_TYPE), spaces)
    columns = source.columns
    return RenderedColumn(
        values,
        columns[0] if len(columns) == 1 else None,
        [(FindingCode.TRIMMED, Severity.WARN, is_trimmed)],
    )


def _trim(values: pd.Series, spaces: Spaces) -> pd.Series:
    if spaces is Spaces.KEEP:
        return values
    if spaces is Spaces.ONE_LINE:
        lines = pc.replace_substring_regex(whole_array(values), _SPACES, " ")
        values = pd.Series(lines, values.index, dtype=values.dtype)
    return values.str.strip()


def _trim_findings(values: pd.Series, raw: pd.Series) -> list[tuple[FindingCode, Severity, Mask]]:
    if values is raw:
        return []
    return [(FindingCode.TRIMMED, Severity.WARN, (values != raw).to_numpy(dtype=bool))]


def _apply_form(rendered: RenderedColumn, style: Style) -> RenderedColumn:
    """Return the values in the style's form. Each distinct value is formatted once."""
    if style.form is Form.AS_IT_IS:
        return rendered
    coded = whole_array(rendered.texts).dictionary_encode()
    rewritten = _rewrite(coded.dictionary, style)
    texts = pd.Series(rewritten.texts.take(coded.indices), rendered.texts.index, dtype=TEXT_TYPE)
    findings = list(rendered.findings)
    if style.form in _CODES:
        places = coded.indices.to_numpy()
        unsure, other = _CODES[style.form]
        findings.append((unsure, Severity.HOLD, rewritten.unsure[places]))
        findings.append((other, Severity.WARN, rewritten.other[places]))
    return RenderedColumn(texts, rendered.column, findings)


def _rewrite(texts: pa.Array, style: Style) -> Rewritten:
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
