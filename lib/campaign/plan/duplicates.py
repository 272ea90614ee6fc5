"""Find duplicate recipients."""

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
