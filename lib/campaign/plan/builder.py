"""Planning: a sheet, a mapping and a person's answers become a plan; every row is checked."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.campaign.arrow_text import distinct_values, is_empty
from lib.campaign.consent import check_consent
from lib.campaign.exclusions import Exclusions, as_numbers
from lib.campaign.findings import Severity
from lib.campaign.mapping.model import (
    Answers,
    FieldSource,
    Mapping,
    MappingIncompleteError,
    mapping_problems,
)
from lib.campaign.plan import checks
from lib.campaign.plan.checks import Findings
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.model import DEFAULT_RATE, Plan, Sendout
from lib.campaign.plan.unusual_values import odd_values, same_person
from lib.campaign.values.render import RenderedColumn, render_field
from lib.connectly import DuplicateBehavior
from lib.sheet import Sheet
from lib.sheet.phones.identity import identities
from lib.sheet.phones.parse import normalise

_TEXT: Final = "string[pyarrow]"


def make_plan(
    sheet: Sheet,
    mapping: Mapping,
    *,
    answers: Answers | None = None,
    rate: float = DEFAULT_RATE,
    excluded: Exclusions | pa.Array | None = None,
    reached: Sequence[int] | np.ndarray = (),
) -> Plan:
    """Check every row and put the good ones in their order of sending.

    ``rate`` is in requests a second; ``excluded`` are people who must not get anything (see
    `load_exclusions`), or phones, as whole numbers, whose people must not; ``reached`` are rows
    that could be sent, but whose people have had their campaign before and are left out. Raises
    MappingIncompleteError where `mapping_problems` finds any.
    """
    if problems := mapping_problems(sheet, mapping):
        raise MappingIncompleteError(problems)
    answers = answers or Answers()
    sheet = corrected(sheet, answers.corrections)
    findings = Findings(sheet.frame.index)
    table = pd.DataFrame(index=sheet.frame.index)
    variables = {
        name: render_field(source, sheet.frame, trim=answers.trim)
        for name, source in mapping.variables.items()
        if not source.is_left_out
    }
    # Arrow works outside of Python's lock: texts are encoded while phones are read.
    with ThreadPoolExecutor(1) as beside:
        texts = {name: each.texts for name, each in variables.items()}
        encoded = beside.submit(checks.encode_variables, texts, len(sheet.frame))
        _check_flags(sheet, mapping, findings)
        check_consent(sheet, mapping, answers, findings)
        table["client"] = _phones(sheet, mapping, answers, findings)
        people = identities(as_numbers(table["client"]).fill_null(0).to_numpy())
        if excluded is not None and len(excluded):
            known = excluded if isinstance(excluded, Exclusions) else Exclusions.of_plain(excluded)
            findings.add(known.mask(people), "excluded", Severity.HOLD)
        for name in ("campaign_name", "campaign_version", "sender"):
            table[name] = _values(getattr(mapping, name), sheet, answers, findings)
        findings.add(
            is_empty(table["campaign_name"]),
            "campaign_missing",
            Severity.HOLD,
            mapping.campaign_name.column,
        )
        for name, written in variables.items():
            _check_variable(name, written, findings)
        table["variables"] = pd.array(encoded.result(), dtype=_TEXT)
    table["callback_data"] = _callback(sheet, mapping, answers, findings)
    campaigns = _campaigns(table)
    _check_duplicates(table, people, campaigns, answers, findings)
    findings.add(table.index.isin(reached), "reached_before", Severity.HOLD)
    twice = same_person(sheet, table, findings.held)
    findings.add(table.index.isin(twice), "same_person", Severity.WARN)
    sendouts = _place(table, campaigns, findings.held, rate)
    found = findings.frame()
    table["held_codes"] = _codes_by_row(found, Severity.HOLD, table.index)
    table["warn_codes"] = _codes_by_row(found, Severity.WARN, table.index)
    return Plan(
        sheet_id=sheet.id,
        filename=sheet.filename,
        mapping=mapping,
        answers=answers,
        sendouts=sendouts,
        findings=found,
        table=table,
    )


def _values(source: FieldSource, sheet: Sheet, answers: Answers, findings: Findings) -> pd.Series:
    written = render_field(source, sheet.frame, trim=answers.trim)
    _note(written, written.column, findings)
    return written.texts


def _note(written: RenderedColumn, where: str | None, findings: Findings) -> None:
    for code, severity, mask in written.notes:
        findings.add(mask, code, severity, where)


def _phones(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> pd.Series:
    source = mapping.client
    texts = render_field(source, sheet.frame, trim=True).texts
    if mapping.channel.column is not None:
        # What stands for a person in another channel is no phone, and need not be one.
        others = checks.other_channels(sheet.frame[mapping.channel.column])
        findings.add(others, "other_channel", Severity.HOLD, mapping.channel.column)
        texts = texts[~others]
    read = normalise(texts, answers.region)
    if len(texts) < len(sheet.frame):
        read = read.reindex(sheet.frame.index)
    for code, mask in _by_code(read["problem"]):
        findings.add(mask, code, Severity.HOLD, source.column)
    for code, mask in _by_code(read["repair"]):
        findings.add(mask, code, Severity.WARN, source.column)
        refused = (
            mask
            if code in answers.refused_repairs
            else mask & sheet.frame.index.isin(list(answers.refused_rows))
        )
        findings.add(refused, "repair_refused", Severity.HOLD, source.column)
    return read["e164"].fillna("")


def _by_code(codes: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each code of a column that has few, and a mask of its rows."""
    places, found = pd.factorize(codes)
    for place, code in enumerate(found):
        yield str(code), places == place


def _check_flags(sheet: Sheet, mapping: Mapping, findings: Findings) -> None:
    """Hold rows whose used cells a spreadsheet has lost."""
    flags = sheet.flags[sheet.flags["column"].isin(mapping.columns)]
    for (code, column), rows in flags.groupby(["code", "column"])["row"]:
        mask = sheet.frame.index.isin(rows)
        findings.add(mask, str(code), Severity.HOLD, str(column))


def _check_variable(name: str, written: RenderedColumn, findings: Findings) -> None:
    where = written.column or name
    _note(written, where, findings)
    # Many columns repeat few values; each of them needs one look.
    texts, places = distinct_values(written.texts)
    looks = [("variable_empty", Severity.HOLD, is_empty(texts))]
    looks += [(code, Severity.WARN, odd) for code, odd in odd_values(name, texts)]
    for code, severity, found in looks:
        if found.any():
            findings.add(found if places is None else found[places], code, severity, where)


def _callback(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> pd.Series:
    source = mapping.callback_data
    if source.is_left_out:
        return pd.Series(pd.NA, index=sheet.frame.index, dtype=_TEXT)
    values = render_field(source, sheet.frame, trim=answers.trim).texts
    texts, too_large, unfit = checks.encode_callback(values)
    findings.add(too_large, "callback_too_large", Severity.HOLD, source.column)
    findings.add(unfit, "callback_unfit", Severity.HOLD, source.column)
    return texts


def _campaigns(table: pd.DataFrame) -> np.ndarray:
    """Return a number for each row, the same for the same campaign name and version."""
    names, _ = pd.factorize(table["campaign_name"])
    versions, known = pd.factorize(table["campaign_version"])
    return np.asarray(names * len(known) + versions)


def _check_duplicates(
    table: pd.DataFrame,
    people: np.ndarray,
    campaigns: np.ndarray,
    answers: Answers,
    findings: Findings,
) -> None:
    """Find later rows of the same person, campaign and version among those that could be sent.

    ``people`` are the identities of the rows' phones.
    """
    sent = np.flatnonzero(~findings.held)
    phones, _ = pd.factorize(people[sent])
    groups, known = pd.factorize(campaigns[sent])
    keys = pd.Series(phones * len(known) + groups)
    again = keys.duplicated().to_numpy()
    if not again.any():
        return
    several = sent[keys.duplicated(keep=False)]
    fields = ["client", "campaign_name", "campaign_version", "sender", "variables", "callback_data"]
    same = np.zeros(len(table), dtype=bool)
    same[several] = table[fields].take(several).duplicated()
    later = np.zeros(len(table), dtype=bool)
    later[sent] = again
    if answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        findings.add(later, "duplicate_sent", Severity.WARN)
    else:
        findings.add(later & same, "duplicate", Severity.HOLD)
        findings.add(later & ~same, "duplicate_differs", Severity.HOLD)


def _place(
    table: pd.DataFrame, campaigns: np.ndarray, held: np.ndarray, rate: float
) -> tuple[Sendout, ...]:
    """Number the rows that are sent, sendout by sendout in order of first appearance."""
    sent = np.flatnonzero(~held)
    codes, known = pd.factorize(campaigns[sent])
    sendouts = np.full(len(table), -1, dtype="int32")
    sendouts[sent] = codes
    table["sendout"] = sendouts
    positions = np.zeros(len(table), dtype="int64")
    positions[sent[np.argsort(codes, kind="stable")]] = np.arange(len(sent))
    table["position"] = pd.arrays.IntegerArray(positions, held.copy())
    counts = np.bincount(codes, minlength=len(known)).tolist()
    first = sent[~pd.Series(codes).duplicated().to_numpy()]
    named = table[["campaign_name", "campaign_version"]].take(first)
    names = named.itertuples(index=False, name=None)
    return tuple(
        Sendout(index, name, version or None, count, count, count / rate)
        for index, ((name, version), count) in enumerate(zip(names, counts, strict=True))
    )


def _codes_by_row(found: pd.DataFrame, severity: Severity, rows: pd.Index) -> pd.Series:
    chosen = found.loc[found["severity"] == severity.value, ["row", "code"]].drop_duplicates()
    several = chosen["row"].duplicated(keep=False)
    alone = chosen[~several].set_index("row")["code"]
    joined = chosen[several].groupby("row")["code"].agg(",".join)
    codes: pd.Series = pd.concat([alone, joined]).reindex(rows).fillna("").astype(_TEXT)
    return codes
