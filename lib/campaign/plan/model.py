"""The plan: what is sent, what is held back, and why. Plans are immutable."""

import functools
import hashlib
import json
from collections.abc import Iterator
from collections.abc import Mapping as Line
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lib.campaign.arrow_text import TEXT_TYPE
from lib.campaign.exclusions import as_numbers
from lib.campaign.findings import FindingGroup, Findings, Severity
from lib.campaign.mapping.model import Answers, Mapping
from lib.connectly import CampaignEntry, SendCampaignsOptions

DEFAULT_RATE: Final = 193.5
"""Requests per second, slightly below the API's limit of 200."""

SENT_FIELDS: Final = (
    "client",
    "campaign_name",
    "campaign_version",
    "sender",
    "variables",
    "callback_data",
)
_EXAMPLE_ROWS: Final = 20
_BLOCK_ROWS: Final = 10_000


@dataclass(frozen=True)
class Sendout:
    """All entries of one campaign name and version; ``seconds`` is how long sending them takes."""

    index: int
    campaign_name: str
    campaign_version: str | None
    entries: int
    requests: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The result of checking a sheet with a mapping and a person's answers.

    ``table`` has one line for each row of the sheet, indexed by the row number that its owner sees:
    the fields of its entry, ``position`` (in the order of sending; missing where the row is held),
    ``sendout`` (-1 where held), ``phone_question`` (the key of a phone with two readings, see
    `lib.sheet.phones.questions`), and ``held_codes`` and ``warn_codes``, codes joined with commas.
    ``findings`` has one line for each finding: row, code, severity, column. Neither frame may be
    modified.
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
        """The number of rows in the sheet, which is `entry_count` + `held_count`."""
        return len(self.table)

    @functools.cached_property
    def entry_count(self) -> int:
        """The number of rows to send."""
        return int(self.table["position"].notna().sum())

    @functools.cached_property
    def held_count(self) -> int:
        """The number of rows held back."""
        return int((self.table["held_codes"] != "").sum())

    @property
    def request_count(self) -> int:
        """The number of requests to send, with one entry in each."""
        return sum(each.requests for each in self.sendouts)

    @property
    def seconds(self) -> float:
        """How long sending takes at the connection's rate, in seconds."""
        return sum(each.seconds for each in self.sendouts)

    def cost(self, batch_size: int) -> tuple[int, float]:
        """Return the number of requests of ``batch_size`` entries, and the seconds they take."""
        requests = sum(-(-each.entries // batch_size) for each in self.sendouts)
        return requests, self.seconds * requests / max(self.request_count, 1)

    @property
    def held(self) -> pd.DataFrame:
        """The rows held back, by row number; ``reasons`` are codes joined with commas."""
        held = self.table.loc[self.table["held_codes"] != "", ["held_codes"]]
        return held.rename(columns={"held_codes": "reasons"})

    @functools.cached_property
    def longest_row_to_send(self) -> int | None:
        """The number of the row to send with the longest variables; the first of several."""
        texts = pa.chunked_array(pa.array(self.table["variables"], pa.large_string()))
        lengths = pc.utf8_length(texts).to_numpy()
        sent = self.table["position"].notna().to_numpy()
        if not sent.any():
            return None
        return int(self.table.index[int(np.argmax(np.where(sent, lengths, -1)))])

    @functools.cached_property
    def first_row_to_send(self) -> int | None:
        """The number of the first row to send."""
        sent = self.table.index[self.table["position"].notna()]
        return int(sent[0]) if len(sent) else None

    @functools.cached_property
    def finding_groups(self) -> tuple[FindingGroup, ...]:
        """The findings grouped by code and column: those that hold rows first, then by size."""
        grouped = self.findings.groupby(["code", "severity", "column"], dropna=False, sort=False)
        groups = [
            _finding_group(str(code), Severity(str(severity)), column, rows)
            for (code, severity, column), rows in grouped["row"]
        ]
        return tuple(sorted(groups, key=lambda each: (each.severity, -each.count)))

    @functools.cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of what is sent: every entry in order, and the options. Nothing else.

        Each column is hashed as its lengths followed by its bytes, which is unambiguous.
        """
        digest = hashlib.sha256(b"sendout-plan-1\0")
        digest.update(self.options.model_dump_json().encode())
        positions = self.table["position"].to_numpy("float64", na_value=np.nan)
        order = pa.array(np.argsort(positions, kind="stable")[: self.entry_count])
        for name in SENT_FIELDS:
            column = pa.chunked_array(pa.array(self.table[name], pa.large_string()))
            texts = column.take(order).combine_chunks()
            lengths = pc.fill_null(pc.binary_length(texts), -1)
            digest.update(lengths.to_numpy().astype("<i8").tobytes())
            digest.update(_bytes_of(texts))
        return digest.hexdigest()

    @functools.cached_property
    def id(self) -> str:
        """The SHA-256 of the whole plan: what is sent, and which rows are held back and why.

        Plans that send the same entries but hold back different rows share a fingerprint, not an
        id.
        """
        digest = hashlib.sha256(self.fingerprint.encode())
        digest.update(self.table.index.to_numpy(dtype="<i8").tobytes())
        digest.update("\n".join(self.table["held_codes"]).encode())
        digest.update(f"{self.sheet_id} {self.filename}".encode())
        return digest.hexdigest()

    def numbers_of(self, campaign_name: str) -> pd.Series:
        """Return the phones that get a campaign, as whole numbers, by row."""
        wanted = [each.index for each in self.sendouts if each.campaign_name == campaign_name]
        phones = self.table.loc[self.table["sendout"].isin(wanted), "client"]
        return pd.Series(as_numbers(phones).to_numpy(), index=phones.index)

    @property
    def options(self) -> SendCampaignsOptions:
        """The options that every request has."""
        return SendCampaignsOptions(
            if_version_unspecified=self.answers.if_version_unspecified,
            if_duplicate_check_unspecified=self.answers.if_duplicate_check_unspecified,
        )

    def entries(
        self, sendout: int | None = None, start: int = 0, stop: int | None = None
    ) -> Iterator[CampaignEntry]:
        """Yield the entries of all sendouts or of one, from start up to stop, in sending order."""
        sent = self.table[self.table["position"].notna()]
        if sendout is not None:
            sent = sent[sent["sendout"] == sendout]
        sent = sent.sort_values("position").iloc[start:stop]
        for begin in range(0, len(sent), _BLOCK_ROWS):
            block = sent.iloc[begin : begin + _BLOCK_ROWS]
            yield from map(entry_of, block[list(SENT_FIELDS)].to_dict("records"))

    def entry_for_row(self, row: int) -> CampaignEntry | None:
        """Return the entry of a row; None if the row is held or not in the sheet."""
        if row not in self.table.index:
            return None
        line = self.table.loc[row]
        if pd.isna(line["position"]):
            return None
        return entry_of({name: line[name] for name in SENT_FIELDS})


def entry_of(line: Line[Any, Any]) -> CampaignEntry:
    """Return the entry of one line of a plan's table or of a frozen plan."""
    callback = line["callback_data"]
    return CampaignEntry(
        client=line["client"],
        campaign_name=line["campaign_name"],
        campaign_version=line["campaign_version"] or None,
        sender=line["sender"] or None,
        variables=json.loads(line["variables"]),
        callback_data=None if pd.isna(callback) else json.loads(callback),
    )


def _bytes_of(texts: pa.LargeStringArray) -> memoryview:
    """Return the concatenated bytes of all texts; a missing text has none."""
    texts = pc.fill_null(texts, "")
    _, offsets, data = texts.buffers()
    if not len(texts) or data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, "<i8")
    return memoryview(data)[ends[texts.offset] : ends[texts.offset + len(texts)]]


def _finding_group(code: str, severity: Severity, column: Any, rows: pd.Series) -> FindingGroup:
    return FindingGroup(
        code=code,
        severity=severity,
        column=None if pd.isna(column) else str(column),
        count=len(rows),
        example_rows=tuple(int(row) for row in rows.iloc[:_EXAMPLE_ROWS]),
    )


def single_entry_plan(entry: CampaignEntry, options: SendCampaignsOptions, *, label: str) -> Plan:
    """Return a plan of one entry without a sheet, such as a test on one's own phone."""
    callback = None if entry.callback_data is None else json.dumps(entry.callback_data)
    line = {
        "client": entry.client,
        "campaign_name": entry.campaign_name,
        "campaign_version": entry.campaign_version or "",
        "sender": entry.sender or "",
        "variables": json.dumps(entry.variables, ensure_ascii=False, separators=(",", ":")),
        "callback_data": callback,
        "phone_question": None,
        "held_codes": "",
        "warn_codes": "",
    }
    table = pd.DataFrame([line], index=pd.Index([1], name="row"), dtype=TEXT_TYPE)
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
