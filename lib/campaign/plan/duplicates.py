"""Find duplicate recipients, and people with several spellings of their phone."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from lib.campaign.exclusions import as_numbers
from lib.campaign.findings import FindingCode, Findings, Severity
from lib.campaign.mapping.model import Answers
from lib.campaign.plan.model import Plan
from lib.connectly import DuplicateBehavior
from lib.i18n import N_, _
from lib.sheet.phones.identity import identities

_FIELDS: Final = {
    "client": N_("Phone"),
    "campaign_name": N_("Campaign name"),
    "campaign_version": N_("Campaign version"),
    "sender": N_("Sender"),
    "callback_data": N_("Callback data"),
}
"""What a row sends besides its variables; the names are source texts."""

# Rows with other reasons took no part in the comparison.
_COMPARED_CODES: Final = (
    FindingCode.DUPLICATE,
    FindingCode.DUPLICATE_DIFFERS,
    FindingCode.REACHED_BEFORE,
)
_COMPARED: Final = rf"(?:(?:{'|'.join(_COMPARED_CODES)})(?:,|$))*"


def check_duplicates(
    table: pd.DataFrame,
    people: np.ndarray,
    campaigns: np.ndarray,
    answers: Answers,
    findings: Findings,
) -> None:
    """Find rows that repeat the person, campaign and version of another row that is not held.

    The first one is sent, or the one that a person preferred.
    ``people`` are the identities of the rows' phones, ``campaigns`` the rows' campaign numbers.
    """
    sent = np.flatnonzero(~findings.held)
    is_preferred = table.index[sent].isin(list(answers.preferred_rows))
    sent = sent[np.argsort(~is_preferred, kind="stable")]
    keys = pd.Series(_number_pairs(people[sent], campaigns[sent]))
    again = keys.duplicated().to_numpy()
    if not again.any():
        return
    repeated = sent[keys.duplicated(keep=False)]
    fields = [*_FIELDS, "variables"]
    same = np.zeros(len(table), dtype=bool)
    # Two spellings of a person's phone are no difference to decide about.
    same[repeated] = table[fields].take(repeated).assign(client=people[repeated]).duplicated()
    later = np.zeros(len(table), dtype=bool)
    later[sent] = again
    if answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        findings.add(later, FindingCode.DUPLICATE_SENT, Severity.WARN)
    else:
        findings.add(later & same, FindingCode.DUPLICATE, Severity.HOLD)
        findings.add(later & ~same, FindingCode.DUPLICATE_DIFFERS, Severity.HOLD)


@dataclass(frozen=True)
class DuplicateRows:
    """Rows with one recipient, campaign and version, and the one that the others repeat.

    ``values`` has the values that differ by their names, each in the order of the rows.
    """

    rows: tuple[int, ...]
    kept: int
    values: dict[str, tuple[str, ...]] = field(repr=False)


def find_duplicates(plan: Plan, code: FindingCode) -> pd.Series:
    """Return the number of its group for each row in a group of duplicates with this finding.

    The index has the rows, including those that are repeated. Groups are numbered from 0 in the
    order of their first rows, which does not depend on the rows that are sent.
    """
    table = plan.table
    found = table.index.isin(plan.findings.loc[plan.findings["code"] == code, "row"])
    people = identities(as_numbers(table["client"]).fill_null(0).to_numpy())
    lines = np.flatnonzero(np.isin(people, people[found]))
    is_compared = table["held_codes"].take(lines).str.fullmatch(_COMPARED).to_numpy(dtype=bool)
    lines = lines[is_compared]
    named = table.take(lines)
    campaigns = _number_pairs(named["campaign_name"], named["campaign_version"])
    groups = _number_pairs(people[lines], campaigns)
    is_duplicate = np.isin(groups, groups[found[lines]])
    numbers, _groups = pd.factorize(groups[is_duplicate])
    return pd.Series(numbers, index=table.index[lines[is_duplicate]])


def duplicate_rows(plan: Plan, rows: Sequence[int]) -> DuplicateRows:
    """Return the rows of one group of duplicates, and the values in which they differ."""
    table = plan.table.loc[list(rows)]
    is_repeating = table["held_codes"].str.contains(FindingCode.DUPLICATE, regex=False)
    values: dict[str, list[Any]] = {
        _(label): table[name].fillna("").tolist() for name, label in _FIELDS.items()
    }
    variables = [json.loads(each) for each in table["variables"]]
    values |= {name: [each.get(name, "") for each in variables] for name in variables[0]}
    return DuplicateRows(
        tuple(rows),
        int(table.index[~is_repeating.to_numpy(dtype=bool)][0]),
        {name: tuple(map(str, each)) for name, each in values.items() if len(set(each)) > 1},
    )


def _number_pairs(first: Any, second: Any) -> np.ndarray:
    """Return a number for each pair of values; equal pairs have the same one."""
    places, _values = pd.factorize(first)
    others, known = pd.factorize(second)
    numbers: np.ndarray = places.astype("int64") * len(known) + others
    return numbers


# Repairs that lead to another spelling of the same person's phone.
_OTHER_SPELLING: Final = "mexico_1|argentina_9|brazil_9|benin_01"


def spelled_twice(phones: pd.DataFrame, people: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return a mask of the rows whose person has another row with another spelling of the phone.

    ``phones`` are as `read_phones` returns them, and ``people`` their identities. Held rows are
    ignored.
    """
    rest = np.flatnonzero(~held)
    mask = np.zeros(len(phones), dtype=bool)
    order = np.argsort(people[rest], kind="stable")
    sorted_people = people[rest][order]
    is_repeated = np.zeros(len(rest), dtype=bool)
    same = sorted_people[1:] == sorted_people[:-1]
    is_repeated[order[1:][same]] = True
    is_repeated[order[:-1][same]] = True
    rows = rest[is_repeated]
    if len(rows):
        found = phones.take(rows)
        repaired = found["repair"].str.contains(_OTHER_SPELLING).fillna(value=False)
        written = found["e164"].astype("object") + repaired.map({True: " repaired", False: ""})
        spellings = written.groupby(people[rows]).transform("nunique")
        mask[rows[spellings.to_numpy() > 1]] = True
    return mask
