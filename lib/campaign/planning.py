"""Planning: a sheet, a mapping and a person's answers become a plan; every row is checked."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign import checks
from lib.campaign.checks import Findings
from lib.campaign.corrections import corrected, used_columns
from lib.campaign.exclusions import as_numbers
from lib.campaign.findings import Severity
from lib.campaign.mapping import Answers, Mapping, MappingIncompleteError, Source, mapping_problems
from lib.campaign.oddities import odd_values, same_person
from lib.campaign.plan import DEFAULT_RATE, Plan, Sendout
from lib.campaign.writing import Written, write
from lib.connectly import DuplicateBehavior
from lib.sheet import Sheet
from lib.sheet.phones import normalise

_TEXT: Final = "string[pyarrow]"


def make_plan(
    sheet: Sheet,
    mapping: Mapping,
    *,
    answers: Answers | None = None,
    rate: float = DEFAULT_RATE,
    excluded: pa.Array | None = None,
    reached: Sequence[int] | np.ndarray = (),
) -> Plan:
    """Check every row and put the good ones in their order of sending.

    ``rate`` is in requests a second; ``excluded`` are phones, as whole numbers, that must not get
    anything (see `excluded_numbers`); ``reached`` are rows that could be sent, but whose people
    have had their campaign before and are left out. Raises MappingIncompleteError where
    `mapping_problems` finds any.
    """
    if problems := mapping_problems(sheet, mapping):
        raise MappingIncompleteError(problems)
    answers = answers or Answers()
    sheet = corrected(sheet, answers.corrections)
    findings = Findings(sheet.frame.index)
    table = pd.DataFrame(index=sheet.frame.index)
    variables = {
        name: write(source, sheet.frame, trim=answers.trim)
        for name, source in mapping.variables.items()
        if not source.is_left_out
    }
    # Arrow works outside of Python's lock: texts are encoded while phones are read.
    with ThreadPoolExecutor(1) as beside:
        texts = {name: each.texts for name, each in variables.items()}
        encoded = beside.submit(checks.encode_variables, texts, len(sheet.frame))
        _check_flags(sheet, mapping, findings)
        table["client"] = _phones(sheet, mapping, answers, findings)
        if excluded is not None and len(excluded):
            found = pc.is_in(as_numbers(table["client"]), excluded, skip_nulls=True)
            findings.add(found.to_numpy(zero_copy_only=False), "excluded", Severity.HOLD)
        for name in ("campaign_name", "campaign_version", "sender"):
            table[name] = _values(getattr(mapping, name), sheet, answers, findings)
        findings.add(
            checks.is_empty(table["campaign_name"]),
            "campaign_missing",
            Severity.HOLD,
            mapping.campaign_name.column,
        )
        for name, written in variables.items():
            _check_variable(name, written, findings)
        table["variables"] = pd.array(encoded.result(), dtype=_TEXT)
    table["callback_data"] = _callback(sheet, mapping, answers, findings)
    _check_duplicates(table, answers, findings)
    findings.add(table.index.isin(reached), "reached_before", Severity.HOLD)
    twice = same_person(sheet, table, findings.held)
    findings.add(table.index.isin(twice), "same_person", Severity.WARN)
    sendouts = _place(table, findings.held, rate)
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


def _values(source: Source, sheet: Sheet, answers: Answers, findings: Findings) -> pd.Series:
    written = write(source, sheet.frame, trim=answers.trim)
    _note(written, written.column, findings)
    return written.texts


def _note(written: Written, where: str | None, findings: Findings) -> None:
    for code, severity, mask in written.notes:
        findings.add(mask, code, severity, where)


def _phones(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> pd.Series:
    source = mapping.client
    texts = write(source, sheet.frame, trim=True).texts
    if mapping.channel.column is not None:
        # What stands for a person in another channel is no phone, and need not be one.
        others = checks.other_channels(sheet.frame[mapping.channel.column])
        findings.add(others, "other_channel", Severity.HOLD, mapping.channel.column)
        texts = texts[~others]
    read = normalise(texts, answers.region)
    if len(texts) < len(sheet.frame):
        read = read.reindex(sheet.frame.index)
    for code in read["problem"].dropna().unique():
        mask = (read["problem"] == code).fillna(value=False).to_numpy(dtype=bool)
        findings.add(mask, code, Severity.HOLD, source.column)
    for code in read["repair"].dropna().unique():
        mask = (read["repair"] == code).fillna(value=False).to_numpy(dtype=bool)
        findings.add(mask, code, Severity.WARN, source.column)
        if code not in answers.refused_repairs:
            mask = mask & sheet.frame.index.isin(list(answers.refused_rows))
        findings.add(mask, "repair_refused", Severity.HOLD, source.column)
    return read["e164"].fillna("")


def _check_flags(sheet: Sheet, mapping: Mapping, findings: Findings) -> None:
    """Hold rows whose used cells a spreadsheet has lost."""
    flags = sheet.flags[sheet.flags["column"].isin(used_columns(mapping))]
    for (code, column), rows in flags.groupby(["code", "column"])["row"]:
        mask = sheet.frame.index.isin(rows)
        findings.add(mask, str(code), Severity.HOLD, str(column))


def _check_variable(name: str, written: Written, findings: Findings) -> None:
    where = written.column or name
    _note(written, where, findings)
    findings.add(checks.is_empty(written.texts), "variable_empty", Severity.HOLD, where)
    for code, odd in odd_values(name, written.texts):
        findings.add(odd, code, Severity.WARN, where)


def _callback(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> pd.Series:
    source = mapping.callback_data
    values = write(source, sheet.frame, trim=answers.trim).texts
    texts, too_large, unfit = checks.encode_callback(values)
    findings.add(too_large, "callback_too_large", Severity.HOLD, source.column)
    findings.add(unfit, "callback_unfit", Severity.HOLD, source.column)
    return texts


def _check_duplicates(table: pd.DataFrame, answers: Answers, findings: Findings) -> None:
    """Find later rows of the same phone, campaign and version among those that could be sent."""
    key = ["client", "campaign_name", "campaign_version"]
    keys = table.loc[~findings.held, key]
    again = keys.duplicated()
    several = table.loc[keys.index[keys.duplicated(keep=False)]]
    same = several.duplicated([*key, "sender", "variables", "callback_data"])
    same = same.reindex(keys.index, fill_value=False)
    allowed = answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE

    def rows(mask: pd.Series) -> np.ndarray:
        return table.index.isin(keys.index[mask])

    if allowed:
        findings.add(rows(again), "duplicate_sent", Severity.WARN)
    else:
        findings.add(rows(again & same), "duplicate", Severity.HOLD)
        findings.add(rows(again & ~same), "duplicate_differs", Severity.HOLD)


def _place(table: pd.DataFrame, held: np.ndarray, rate: float) -> tuple[Sendout, ...]:
    """Number the rows that are sent, sendout by sendout in order of first appearance."""
    sent = table.index[~held]
    keys = table.loc[sent, ["campaign_name", "campaign_version"]]
    codes = keys.groupby(list(keys), sort=False).ngroup().to_numpy()
    positions = np.empty(len(codes), dtype="int64")
    positions[np.argsort(codes, kind="stable")] = np.arange(len(codes))
    table["sendout"] = np.int32(-1)
    table.loc[sent, "sendout"] = codes.astype("int32")
    table["position"] = pd.Series(positions, sent, dtype="Int64").reindex(table.index)
    counts = np.bincount(codes).tolist()
    names = keys.drop_duplicates().itertuples(index=False, name=None)
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
