"""Find duplicate recipients, and people with several spellings of their phone."""

from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.findings import FindingCode, Findings, Severity
from lib.campaign.mapping.model import Answers
from lib.connectly import DuplicateBehavior


def check_duplicates(
    table: pd.DataFrame,
    people: np.ndarray,
    campaigns: np.ndarray,
    answers: Answers,
    findings: Findings,
) -> None:
    """Find rows that repeat the person, campaign and version of an earlier row that is not held.

    ``people`` are the identities of the rows' phones, ``campaigns`` the rows' campaign numbers.
    """
    sent = np.flatnonzero(~findings.held)
    phones, _ = pd.factorize(people[sent])
    groups, known = pd.factorize(campaigns[sent])
    keys = pd.Series(phones * len(known) + groups)
    again = keys.duplicated().to_numpy()
    if not again.any():
        return
    repeated = sent[keys.duplicated(keep=False)]
    fields = ["client", "campaign_name", "campaign_version", "sender", "variables", "callback_data"]
    same = np.zeros(len(table), dtype=bool)
    same[repeated] = table[fields].take(repeated).duplicated()
    later = np.zeros(len(table), dtype=bool)
    later[sent] = again
    if answers.if_duplicate_check_unspecified is DuplicateBehavior.ALLOW_MULTIPLE:
        findings.add(later, FindingCode.DUPLICATE_SENT, Severity.WARN)
    else:
        findings.add(later & same, FindingCode.DUPLICATE, Severity.HOLD)
        findings.add(later & ~same, FindingCode.DUPLICATE_DIFFERS, Severity.HOLD)


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
