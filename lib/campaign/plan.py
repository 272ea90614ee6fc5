"""The plan: what will be sent, what is held back, and why. Made from columns, never changed."""

import functools
import hashlib
import json
from collections.abc import Iterator
from collections.abc import Mapping as Line
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign import checks
from lib.campaign.checks import Findings
from lib.campaign.findings import WORDS, FindingGroup, Severity
from lib.campaign.mapping import Answers, Mapping, MappingIncompleteError, Source, mapping_problems
from lib.connectly import CampaignEntry, DuplicateBehavior, SendCampaignsOptions
from lib.sheet import Sheet
from lib.sheet.phones import normalise

DEFAULT_RATE: Final = 193.5
"""Requests a second: a little less than the 200 that the API allows."""

SENT_FIELDS: Final = (
    "client",
    "campaign_name",
    "campaign_version",
    "sender",
    "variables",
    "callback_data",
)
_TEXT: Final = "string[pyarrow]"
_EXAMPLE_ROWS: Final = 20
_BLOCK: Final = 10_000


@dataclass(frozen=True)
class Sendout:
    """All entries of one campaign name and version; ``seconds`` is how long sending takes."""

    index: int
    campaign_name: str
    campaign_version: str | None
    entries: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """A sheet under a mapping and a person's answers.

    ``table`` has a line for each row of the sheet, indexed by the row number that its owner sees:
    the fields of its entry, ``position`` (its place in the order of sending, missing where the row
    is held), ``sendout`` (-1 where held), ``held_codes`` and ``warn_codes`` (codes with commas).
    ``findings`` has a line for each finding: row, code, severity, column. Neither may be changed.
    """

    sheet_id: str | None
    filename: str
    mapping: Mapping | None
    answers: Answers
    sendouts: tuple[Sendout, ...]
    findings: pd.DataFrame = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    @property
    def rows(self) -> int:
        """Rows of the sheet: always `entry_count` + `held_count`."""
        return len(self.table)

    @functools.cached_property
    def entry_count(self) -> int:
        """Rows that are sent."""
        return int(self.table["position"].notna().sum())

    @functools.cached_property
    def held_count(self) -> int:
        """Rows that are not sent."""
        return int((self.table["held_codes"] != "").sum())

    @property
    def request_count(self) -> int:
        """Requests that sending takes."""
        return sum(each.requests for each in self.sendouts)

    @property
    def seconds(self) -> float:
        """Seconds that sending takes at the connection's rate."""
        return sum(each.seconds for each in self.sendouts)

    @property
    def held(self) -> pd.DataFrame:
        """Rows held back: index row; column ``reasons``, codes with commas."""
        held = self.table.loc[self.table["held_codes"] != "", ["held_codes"]]
        return held.rename(columns={"held_codes": "reasons"})

    @property
    def first_row_to_send(self) -> int | None:
        """The first row of the sheet that is sent."""
        sent = self.table.index[self.table["position"].notna()]
        return int(sent[0]) if len(sent) else None

    @functools.cached_property
    def finding_groups(self) -> tuple[FindingGroup, ...]:
        """Findings of one kind and column together: those that hold rows first, larger first."""
        grouped = self.findings.groupby(["code", "severity", "column"], dropna=False, sort=False)
        groups = [
            _group(str(code), Severity(str(severity)), column, rows)
            for (code, severity, column), rows in grouped["row"]
        ]
        return tuple(sorted(groups, key=lambda each: (each.severity, -each.count)))

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what would be sent: every entry, in order, and the options; nothing else.

        Each column is hashed as its lengths and its bytes, so that no two lists of texts are alike.
        """
        digest = hashlib.sha256(b"sendout-plan-1\0")
        digest.update(self.options.model_dump_json().encode())
        sent = self.table[self.table["position"].notna()].sort_values("position")
        for name in SENT_FIELDS:
            texts = pa.chunked_array(pa.array(sent[name], pa.large_string())).combine_chunks()
            lengths = pc.fill_null(pc.binary_length(texts), -1)
            digest.update(lengths.to_numpy().astype("<i8").tobytes())
            digest.update(_bytes_of(texts))
        return digest.hexdigest()

    @functools.cached_property
    def id(self) -> str:
        """SHA-256 of the plan as a whole: what is sent, and which rows are held back and why.

        Two sheets may send the very same and hold back different rows: one fingerprint, two ids.
        """
        digest = hashlib.sha256(self.fingerprint.encode())
        digest.update(self.table.index.to_numpy(dtype="<i8").tobytes())
        digest.update("\n".join(self.table["held_codes"]).encode())
        digest.update(f"{self.sheet_id} {self.filename}".encode())
        return digest.hexdigest()

    @property
    def options(self) -> SendCampaignsOptions:
        """The options of every request."""
        return SendCampaignsOptions(
            if_version_unspecified=self.answers.if_version_unspecified,
            if_duplicate_check_unspecified=self.answers.if_duplicate_check_unspecified,
        )

    def entries(
        self, sendout: int | None = None, start: int = 0, stop: int | None = None
    ) -> Iterator[CampaignEntry]:
        """Yield entries in the order of sending, of all sendouts or one, from start to stop."""
        sent = self.table[self.table["position"].notna()]
        if sendout is not None:
            sent = sent[sent["sendout"] == sendout]
        sent = sent.sort_values("position").iloc[start:stop]
        for begin in range(0, len(sent), _BLOCK):
            block = sent.iloc[begin : begin + _BLOCK]
            yield from map(entry_of, block[list(SENT_FIELDS)].to_dict("records"))

    def entry_for_row(self, row: int) -> CampaignEntry | None:
        """Return the entry of a row of the sheet; None where it is held or not there."""
        if row not in self.table.index:
            return None
        line = self.table.loc[row]
        if pd.isna(line["position"]):
            return None
        return entry_of({name: line[name] for name in SENT_FIELDS})


def entry_of(line: Line[Any, Any]) -> CampaignEntry:
    """Make the entry of a line of a plan's table, or of a frozen plan."""
    callback = line["callback_data"]
    return CampaignEntry(
        client=line["client"],
        campaign_name=line["campaign_name"],
        campaign_version=line["campaign_version"] or None,
        sender=line["sender"] or None,
        variables=json.loads(line["variables"]),
        callback_data=None if pd.isna(callback) else json.loads(callback),
    )


def make_plan(
    sheet: Sheet, mapping: Mapping, *, answers: Answers | None = None, rate: float = DEFAULT_RATE
) -> Plan:
    """Check every row and put the good ones in their order of sending.

    ``rate`` is in requests a second. Raises MappingIncompleteError where `mapping_problems` finds
    any.
    """
    if problems := mapping_problems(sheet, mapping):
        raise MappingIncompleteError(problems)
    answers = answers or Answers()
    findings = Findings(sheet.frame.index)
    table = pd.DataFrame(index=sheet.frame.index)
    variables = {
        name: checks.values_of(source, sheet.frame, trim=answers.trim)
        for name, source in mapping.variables.items()
        if not source.is_left_out
    }
    # Arrow works outside of Python's lock: texts are encoded while phones are read.
    with ThreadPoolExecutor(1) as beside:
        texts = {name: values for name, (values, _) in variables.items()}
        encoded = beside.submit(checks.encode_variables, texts, len(sheet.frame))
        _check_flags(sheet, mapping, findings)
        table["client"] = _phones(sheet, mapping.client, answers, findings)
        for name in ("campaign_name", "campaign_version", "sender"):
            table[name] = _values(getattr(mapping, name), sheet, answers, findings)
        findings.add(
            checks.is_empty(table["campaign_name"]),
            "campaign_missing",
            Severity.HOLD,
            mapping.campaign_name.column,
        )
        for name, (values, trimmed) in variables.items():
            _check_variable(name, mapping.variables[name], values, trimmed, findings)
        table["variables"] = pd.array(encoded.result(), dtype=_TEXT)
    table["callback_data"] = _callback(sheet, mapping, answers, findings)
    _check_duplicates(table, answers, findings)
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
    values, trimmed = checks.values_of(source, sheet.frame, trim=answers.trim)
    findings.add(trimmed, "trimmed", Severity.WARN, source.column)
    return values


def _phones(sheet: Sheet, source: Source, answers: Answers, findings: Findings) -> pd.Series:
    values, _ = checks.values_of(source, sheet.frame, trim=True)
    read = normalise(values, answers.region)
    for code in read["problem"].dropna().unique():
        mask = (read["problem"] == code).fillna(value=False).to_numpy(dtype=bool)
        findings.add(mask, code, Severity.HOLD, source.column)
    for code in read["repair"].dropna().unique():
        mask = (read["repair"] == code).fillna(value=False).to_numpy(dtype=bool)
        findings.add(mask, code, Severity.WARN, source.column)
        if code in answers.refused_repairs:
            findings.add(mask, "repair_refused", Severity.HOLD, source.column)
    return read["e164"].fillna("")


def _check_flags(sheet: Sheet, mapping: Mapping, findings: Findings) -> None:
    """Hold rows whose used cells a spreadsheet has lost."""
    used = {source.column for source in mapping.named_sources().values()} - {None}
    flags = sheet.flags[sheet.flags["column"].isin(list(used))]
    for (code, column), rows in flags.groupby(["code", "column"])["row"]:
        mask = sheet.frame.index.isin(rows)
        findings.add(mask, str(code), Severity.HOLD, str(column))


def _check_variable(
    name: str, source: Source, values: pd.Series, trimmed: np.ndarray, findings: Findings
) -> None:
    findings.add(trimmed, "trimmed", Severity.WARN, source.column)
    where = source.column or name
    findings.add(checks.is_empty(values), "variable_empty", Severity.HOLD, where)
    findings.add(checks.matches(values, r"[\n\r\t]"), "line_break", Severity.WARN, where)
    findings.add(checks.matches(values, " {5,}"), "many_spaces", Severity.WARN, where)
    findings.add(checks.is_long(values), "long_value", Severity.WARN, where)


def _callback(sheet: Sheet, mapping: Mapping, answers: Answers, findings: Findings) -> pd.Series:
    source = mapping.callback_data
    values, _ = checks.values_of(source, sheet.frame, trim=answers.trim)
    texts, too_large, unfit = checks.encode_callback(values)
    findings.add(too_large, "callback_too_large", Severity.HOLD, source.column)
    findings.add(unfit, "callback_unfit", Severity.HOLD, source.column)
    return texts


def _check_duplicates(table: pd.DataFrame, answers: Answers, findings: Findings) -> None:
    """Find later rows of the same phone, campaign and version among those that could be sent."""
    sendable = table[~findings.held]
    key = ["client", "campaign_name", "campaign_version"]
    again = sendable.duplicated(key)
    several = sendable[sendable.duplicated(key, keep=False)]
    same = several.duplicated([*key, "sender", "variables", "callback_data"])
    same = same.reindex(sendable.index, fill_value=False)
    allowed = answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE

    def rows(mask: pd.Series) -> np.ndarray:
        return table.index.isin(sendable.index[mask])

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


def _bytes_of(texts: pa.LargeStringArray) -> memoryview:
    """Return the bytes of all texts, one after the other; a missing one has none."""
    texts = pc.fill_null(texts, "")
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, "<i8")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _group(code: str, severity: Severity, column: Any, rows: pd.Series) -> FindingGroup:
    words = WORDS[code]
    return FindingGroup(
        code=code,
        severity=severity,
        title=words.title,
        sentence=words.sentence,
        action=words.action,
        column=None if pd.isna(column) else str(column),
        count=len(rows),
        example_rows=tuple(int(row) for row in rows.iloc[:_EXAMPLE_ROWS]),
    )


def single_entry_plan(entry: CampaignEntry, options: SendCampaignsOptions, *, label: str) -> Plan:
    """Make the plan of one entry that comes from no sheet: a test on one's own phone."""
    callback = None if entry.callback_data is None else json.dumps(entry.callback_data)
    line = {
        "client": entry.client,
        "campaign_name": entry.campaign_name,
        "campaign_version": entry.campaign_version or "",
        "sender": entry.sender or "",
        "variables": json.dumps(entry.variables, ensure_ascii=False, separators=(",", ":")),
        "callback_data": callback,
        "held_codes": "",
        "warn_codes": "",
    }
    table = pd.DataFrame([line], index=pd.Index([1], name="row"), dtype=_TEXT)
    table["sendout"] = np.int32(0)
    table["position"] = pd.array([0], dtype="Int64")
    sendout = Sendout(0, entry.campaign_name, entry.campaign_version, 1, 1, 1 / DEFAULT_RATE)
    return Plan(
        sheet_id=None,
        filename=label,
        mapping=None,
        answers=Answers(
            if_version_unspecified=options.if_version_unspecified,
            if_duplicate_check_unspecified=options.if_duplicate_check_unspecified,
        ),
        sendouts=(sendout,),
        findings=Findings(table.index).frame(),
        table=table,
    )
