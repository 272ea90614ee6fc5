"""What became of every row of a run's sheet: the ledger's outcomes, joined with the frozen plan."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Row

from lib.campaign import FrozenPlan
from lib.delivery.ledger import outcomes, run_summaries
from lib.delivery.ledger.database import open_ledger
from lib.delivery.runs import ensure_exists
from lib.delivery.states import Outcome, RunState
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
    """Return one line for each row of the sheet, held rows included, in the sheet's order.

    The index, named ``row``, is the number that the sheet's owner sees. Columns: ``outcome`` (see
    `Outcome`), ``error_code``, ``error_type``, ``message`` (the API's own words), ``http_status``,
    ``trace_id`` and ``at`` (UTC); what does not apply is missing. A held row's ``error_code`` is
    the codes of its findings, with commas between them. Raises RunNotFoundError, and OSError or
    ValueError where the frozen plan cannot be read.
    """
    settings = settings or get_settings()
    with open_ledger(settings).read() as db:
        run = ensure_exists(run_summaries.run_by_id(db, run_id, datetime.now(UTC)))
        pieces = [_by_position(piece) for piece in outcomes.settled_batches(db, run_id)]
        under_way = outcomes.positions_under_way(db, run_id)
    rows = FrozenPlan.open(run.plan_id, settings).frame("position", "held_codes")
    settled = pd.concat([*pieces, _by_position([])])
    lines = settled.reindex(rows["position"].astype("Int64")).set_axis(rows.index)
    is_held = rows["position"].isna()
    lines.loc[is_held, "outcome"] = Outcome.HELD
    lines.loc[is_held, "error_code"] = rows.loc[is_held, "held_codes"]
    # A request that has left when its run is cancelled still gets its answer.
    lines.loc[rows["position"].isin(under_way).to_numpy(), "outcome"] = Outcome.WAITING
    unsent = Outcome.CANCELLED if run.state is RunState.CANCELLED else Outcome.WAITING
    lines["outcome"] = lines["outcome"].fillna(unsent)
    lines["at"] = pd.to_datetime(lines["at"], unit="us", utc=True)
    return lines


def _by_position(piece: Sequence[Row[Any]]) -> pd.DataFrame:
    """Spread settled batches over the positions of their entries."""
    frame = pd.DataFrame(piece, columns=["start", "size", *_TYPES]).astype(_TYPES)
    frame = frame.loc[frame.index.repeat(frame["size"].astype("int64"))]
    position = frame["start"].astype("Int64") + frame.groupby("start").cumcount()
    return frame.set_index(position.rename("position"))[list(_TYPES)]
