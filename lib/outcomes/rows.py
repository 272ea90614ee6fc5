"""The outcome of every row of a run's sheet: the ledger joined with the stored plan."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
from sqlalchemy import Row

from lib.campaign import FrozenPlan
from lib.delivery import Outcome, RunState, RunSummary
from lib.delivery.snapshot import LedgerSnapshot, ledger_snapshot
from lib.settings import Settings, get_settings

_TEXT: Final = pd.StringDtype("pyarrow")
_TYPES: Final[dict[str, Any]] = {
    "outcome": _TEXT,
    "error_code": _TEXT,
    "error_type": _TEXT,
    "message": _TEXT,
    "http_status": "Int64",
    "trace_id": _TEXT,
    "at": "Int64",
}


def row_outcomes(run_id: str, *, settings: Settings | None = None) -> pd.DataFrame:
    """Return one line per row of the sheet, held rows included, in the order of the sheet.

    The index, named ``row``, holds the row numbers that a spreadsheet shows. Columns: ``outcome``
    (see `Outcome`), ``error_code``, ``error_type``, ``message`` (the API's own words),
    ``http_status``, ``trace_id`` and ``at`` (UTC). What does not apply is missing. The
    ``error_code`` of a held row lists the codes of its findings, separated by commas.

    Raises RunNotFoundError, LedgerError, StorageError and PlanUnreadableError.
    """
    settings = settings or get_settings()
    with ledger_snapshot(settings) as snapshot:
        return read_row_outcomes(snapshot, snapshot.run(run_id), settings)


def read_row_outcomes(
    snapshot: LedgerSnapshot, run: RunSummary, settings: Settings
) -> pd.DataFrame:
    """Return the outcomes of a run's rows as of a snapshot; see `row_outcomes`."""
    pieces = [_by_position(piece) for piece in snapshot.settled_batches(run.id)]
    under_way = snapshot.positions_under_way(run.id)
    rows = FrozenPlan.open(run.plan_id, settings).frame("position", "held_codes")
    settled = pd.concat(pieces or [_by_position([])])
    lines = settled.reindex(rows["position"].astype("Int64")).set_axis(rows.index)
    is_held = rows["position"].isna()
    lines.loc[is_held, "outcome"] = Outcome.HELD
    lines.loc[is_held, "error_code"] = rows.loc[is_held, "held_codes"]
    # A request that was sent before its run was cancelled still gets an answer.
    lines.loc[rows["position"].isin(under_way).to_numpy(), "outcome"] = Outcome.WAITING
    unsent = Outcome.CANCELLED if run.state is RunState.CANCELLED else Outcome.WAITING
    lines["outcome"] = lines["outcome"].fillna(unsent)
    lines["at"] = pd.to_datetime(lines["at"], unit="us", utc=True)
    return lines


def _by_position(piece: Sequence[Row[Any]]) -> pd.DataFrame:
    """Repeat each settled batch for the positions of its entries."""
    frame = pd.DataFrame(piece, columns=["start", "size", *_TYPES]).astype(_TYPES)
    frame = frame.loc[frame.index.repeat(frame["size"].astype("int64"))]
    position = frame["start"].astype("Int64") + frame.groupby("start").cumcount()
    return frame.set_index(position.rename("position"))[list(_TYPES)]
