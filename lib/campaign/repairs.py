"""Phone repairs, number by number: what stands in the sheet, and what would be sent."""

from typing import Final

import numpy as np
import pandas as pd

from lib.campaign.plan import Plan
from lib.sheet import Sheet

PAGE_ROWS: Final = 25


def repaired_rows(plan: Plan, code: str) -> np.ndarray:
    """Return the rows whose phone has had this kind of repair."""
    return plan.findings.loc[plan.findings["code"] == code, "row"].to_numpy()


def before_and_after(plan: Plan, sheet: Sheet, rows: np.ndarray) -> pd.DataFrame:
    """Return these rows' phones by row: ``before`` in the sheet, ``after``, and ``used``.

    ``used`` is False where a person does not want the repair of this row, or none of its kind.
    """
    assert plan.mapping is not None
    lines = plan.table.loc[rows]
    return pd.DataFrame(
        {
            "before": sheet.frame.loc[rows, plan.mapping.client.column],
            "after": lines["client"],
            "used": ~lines["held_codes"].str.contains("repair_refused", regex=False),
        }
    )
