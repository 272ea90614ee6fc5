"""Make a plan from a sheet, a mapping and a person's answers: check every row, order the rest."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.campaign.arrow_text import TEXT_TYPE, distinct_values, is_empty
from lib.campaign.exclusions import Exclusions, as_numbers
from lib.campaign.findings import FindingCode, Findings, Severity
from lib.campaign.mapping.consent import check_consent
from lib.campaign.mapping.model import (
    Answers,
    FieldSource,
    Mapping,
    MappingIncompleteError,
    mapping_problems,
)
from lib.campaign.mapping.phone_columns import has_area_code
from lib.campaign.own_report import reached_rows
from lib.campaign.plan import checks
from lib.campaign.plan.campaign_names import look_alikes
from lib.campaign.plan.corrections import corrected
from lib.campaign.plan.duplicates import check_duplicates, spelled_twice
from lib.campaign.plan.model import DEFAULT_RATE, Plan, Sendout
from lib.campaign.plan.phone_questions import phones_and_countries
from lib.campaign.plan.unusual_values import find_unusual_values, same_person
from lib.campaign.values.render import RenderedColumn, render_field
from lib.sheet import Sheet
from lib.sheet.phones.identity import identities
from lib.sheet.phones.questions import Decisions, read_phones


def make_plan(
    sheet: Sheet,
    mapping: Mapping,
    *,
    answers: Answers | None = None,
    rate: float = DEFAULT_RATE,
    excluded: Exclusions | pa.Array | None = None,
    reached: Sequence[int] | np.ndarray = (),
) -> Plan:
    """Return the plan for a sheet: every row is checked, and those to send are ordered.

    ``rate`` is in requests per second. ``excluded`` are the people who must not get anything (see
    `load_exclusions`), or their phones as whole numbers. ``reached`` are row numbers to hold back
    because the person already got the campaign.

    Raises MappingIncompleteError if `mapping_problems` finds any.
    """
    if problems := mapping_problems(sheet, mapping):
        raise MappingIncompleteError(problems)
    answers = answers or Answers()
    sheet = corrected(sheet, answers.corrections)
    findings = Findings(sheet.frame.index)
    table, phones, people = _check_fields(sheet, mapping, answers, excluded, findings)
    campaigns = _campaign_numbers(table)
    check_duplicates(table, people, campaigns, answers, findings)
    findings.add(table.index.isin(reached), FindingCode.REACHED_BEFORE, Severity.HOLD)
    findings.add(
        spelled_twice(phones, people, findings.held), FindingCode.SPELLED_TWICE, Severity.WARN
    )
    shared = same_person(sheet, table, findings.held)
    findings.add(table.index.isin(shared), FindingCode.SAME_PERSON, Severity.WARN)
    sendouts = _assign_positions(table, campaigns, findings.held, rate)
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


def _check_fields(
    sheet: Sheet,
    mapping: Mapping,
    answers: Answers,
    excluded: Exclusions | pa.Array | None,
    findings: Findings,
) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Return a table with every field of every row, the phones as read, and their identities."""
    table = pd.DataFrame(index=sheet.frame.index)
    variables = {
        name: render_field(source, sheet.frame, trim=answers.trim)
        for name, source in mapping.variables.items()
        if not source.is_left_out
    }
    # Arrow releases the interpreter lock: texts are encoded while phones are parsed.
    with ThreadPoolExecutor(1) as executor:
        texts = {name: each.texts for name, each in variables.items()}
        encoded = executor.submit(checks.encode_variables, texts, len(sheet.frame))
        _check_lost_cells(sheet, mapping, findings)
        check_consent(sheet, mapping, answers, findings)
        _check_own_report(sheet, answers, findings)
        phones = _check_phones(sheet, mapping, answers, findings)
        table["client"], table["phone_question"] = phones["e164"].fillna(""), phones["question"]
        people = identities(as_numbers(table["client"]).fill_null(0).to_numpy())
        _check_exclusions(people, excluded, findings)
        for name in ("campaign_name", "campaign_version", "sender"):
            table[name] = _check_field(getattr(mapping, name), sheet, answers, findings)
        findings.add(
            is_empty(table["campaign_name"]),
            FindingCode.CAMPAIGN_MISSING,
            Severity.HOLD,
            mapping.campaign_name.column,
        )
        findings.add(
            look_alikes(table["campaign_name"]),
            FindingCode.CAMPAIGN_LOOKS_ALIKE,
            Severity.WARN,
            mapping.campaign_name.column,
        )
        for name, rendered in variables.items():
            _check_variable(name, rendered, findings)
        table["variables"] = pd.array(encoded.result(), dtype=TEXT_TYPE)
    table["callback_data"] = _check_callback(sheet, mapping, answers, findings)
    return table, phones, people


def _check_lost_cells(sheet: Sheet, mapping: Mapping, findings: Findings) -> None:
    """Hold rows with a cell whose value is lost in the file, if the mapping uses the column.

    Text files have the errors of spreadsheet programs as text.
    """
    flags = sheet.flags[sheet.flags["column"].isin(mapping.columns)]
    for (code, column), rows in flags.groupby(["code", "column"])["row"]:
        mask = sheet.frame.index.isin(rows)
        findings.add(mask, str(code), Severity.HOLD, str(column))
    for column in mapping.columns:
        texts, places = distinct_values(sheet.frame[column])
        is_error = checks.is_spreadsheet_error(texts)
        if is_error.any():
            is_error = is_error if places is None else is_error[places]
            findings.add(is_error, FindingCode.ERROR_VALUE, Severity.HOLD, column)


def _check_phones(
    sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings
) -> pd.DataFrame:
    """Return each row's phone in E.164 and its question, as `read_phones` does."""
    texts, countries = phones_and_countries(sheet, mapping)
    if mapping.channel.column is not None:
        # Ids in other channels are not phones and are not checked as such.
        others = checks.other_channels(sheet.frame[mapping.channel.column])
        findings.add(others, FindingCode.OTHER_CHANNEL, Severity.HOLD, mapping.channel.column)
        texts = texts[~others]
        countries = None if countries is None else countries[~others]
    decisions = Decisions(answers.phone_readings, answers.phone_row_readings)
    read = read_phones(
        texts,
        answers.region,
        countries=countries,
        decisions=decisions,
        has_area_code=has_area_code(mapping.client),
    )
    if len(texts) < len(sheet.frame):
        read = read.reindex(sheet.frame.index)
    column = mapping.client.column
    for code, mask in _masks_by_code(read["problem"]):
        findings.add(mask, code, Severity.HOLD, column)
    can_refuse = (read["repair"].notna() | read["question"].notna()).to_numpy()
    refused = can_refuse & sheet.frame.index.isin(list(answers.refused_rows))
    for code, mask in _masks_by_code(read["repair"]):
        findings.add(mask, code, Severity.WARN, column)
        if code in answers.refused_repairs:
            refused |= mask
    findings.add(refused, FindingCode.REPAIR_REFUSED, Severity.HOLD, column)
    return read


def _check_own_report(sheet: Sheet, answers: Answers, findings: Findings) -> None:
    """Hold rows that a report of this app shows as sent, unless a person decided otherwise."""
    code, severity = FindingCode.IN_OWN_REPORT, Severity.HOLD
    if answers.resend_reported:
        code, severity = FindingCode.IN_OWN_REPORT_SENT, Severity.WARN
    findings.add(reached_rows(sheet), code, severity)


def _masks_by_code(codes: pd.Series) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each code of a column, whose cells have several joined with commas, and its mask."""
    places, found = pd.factorize(codes)
    joined = [str(cell).split(",") for cell in found]
    for code in dict.fromkeys(code for each in joined for code in each):
        # The place of a missing value is -1, the last one.
        has_code = np.array([*(code in each for each in joined), False])
        yield code, has_code[places]


def _check_exclusions(
    people: np.ndarray, excluded: Exclusions | pa.Array | None, findings: Findings
) -> None:
    if excluded is None or not len(excluded):
        return
    exclusions = excluded if isinstance(excluded, Exclusions) else Exclusions.of_plain(excluded)
    findings.add(exclusions.mask(people), FindingCode.EXCLUDED, Severity.HOLD)


def _check_field(
    source: FieldSource, sheet: Sheet, answers: Answers, findings: Findings
) -> pd.Series:
    """Return a field's value in every row."""
    rendered = render_field(source, sheet.frame, trim=answers.trim)
    _add_findings(rendered, rendered.column, findings)
    return rendered.texts


def _add_findings(rendered: RenderedColumn, column: str | None, findings: Findings) -> None:
    for code, severity, mask in rendered.findings:
        findings.add(mask, code, severity, column)


def _check_variable(name: str, rendered: RenderedColumn, findings: Findings) -> None:
    column = rendered.column or name
    _add_findings(rendered, column, findings)
    # Many columns repeat few values, so each distinct value is checked once.
    texts, places = distinct_values(rendered.texts)
    found = [(FindingCode.VARIABLE_EMPTY, Severity.HOLD, is_empty(texts))]
    found += [(code, Severity.WARN, mask) for code, mask in find_unusual_values(name, texts)]
    for code, severity, mask in found:
        if mask.any():
            findings.add(mask if places is None else mask[places], code, severity, column)


def _check_callback(
    sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings
) -> pd.Series:
    """Return each row's callback data as JSON text, missing where there is none."""
    source = mapping.callback_data
    if source.is_left_out:
        return pd.Series(pd.NA, index=sheet.frame.index, dtype=TEXT_TYPE)
    values = render_field(source, sheet.frame, trim=answers.trim).texts
    texts, is_too_large, is_invalid = checks.encode_callback(values)
    findings.add(is_too_large, FindingCode.CALLBACK_TOO_LARGE, Severity.HOLD, source.column)
    findings.add(is_invalid, FindingCode.CALLBACK_UNFIT, Severity.HOLD, source.column)
    return texts


def _campaign_numbers(table: pd.DataFrame) -> np.ndarray:
    """Return a number for each row; rows of the same campaign and version have the same one."""
    names, _ = pd.factorize(table["campaign_name"])
    versions, known = pd.factorize(table["campaign_version"])
    return np.asarray(names * len(known) + versions)


def _assign_positions(
    table: pd.DataFrame, campaigns: np.ndarray, held: np.ndarray, rate: float
) -> tuple[Sendout, ...]:
    """Add the columns ``sendout`` and ``position`` to the table; return the sendouts.

    Rows are ordered by sendout, sendouts by their first row. ``rate`` is in requests per second.
    """
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
    """Return each row's codes of this severity, joined with commas in the order of the findings."""
    chosen = found.loc[found["severity"] == severity.value, ["row", "code"]].drop_duplicates()
    is_repeated = chosen["row"].duplicated(keep=False)
    single = chosen[~is_repeated].set_index("row")["code"]
    joined = chosen[is_repeated].groupby("row")["code"].agg(",".join)
    codes: pd.Series = pd.concat([single, joined]).reindex(rows).fillna("").astype(TEXT_TYPE)
    return codes
