"""Long reports: which are queued, and how each ended. Each function is given a transaction."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from lib.delivery.export_errors import restore_export_error
from lib.delivery.ledger.schema import export
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import ExportState
from lib.errors import StudioError


class Failure(Protocol):
    """The error that ended a report. Its code and values are stored, its texts are not."""

    @property
    def code(self) -> str:
        """Its stable code."""


@dataclass(frozen=True)
class Export:
    """A long report: the name of its file, the share that is written (0 to 1), and its error."""

    name: str
    run_id: str
    state: ExportState
    share: float
    error: StudioError | None = None


_HAS_NAME: Final = export.c.name == bindparam("report_name")
_IS_WAITING: Final = export.c.state == ExportState.WAITING
_EXPORT: Final = select(export).where(_HAS_NAME)
_WAITING_NAMES: Final = (
    select(export.c.name).where(_IS_WAITING).order_by(export.c.asked_at, export.c.name)
)
_NEW: Final[dict[str, object]] = {
    "state": ExportState.WAITING,
    "share": 0.0,
    "ended_at": None,
    "error_code": None,
    "error_values": None,
    "sentence": None,
    "action": None,
}
_SET_SHARE: Final = (
    update(export).where(_HAS_NAME, _IS_WAITING).values(share=bindparam("written_share"))
)
_END: Final = (
    update(export)
    .where(_HAS_NAME, _IS_WAITING)
    .values(
        state=bindparam("end_state"),
        ended_at=bindparam("now"),
        error_code=bindparam("code"),
        error_values=bindparam("code_values"),
    )
)


def ask(db: Connection, run_id: str, name: str, now: datetime) -> None:
    """Queue an export; requeue it if it has ended."""
    insert = insert_into(export, db.dialect.name)
    queue = insert.on_conflict_do_update(
        index_elements=[export.c.name],
        set_={**_NEW, "asked_at": insert.excluded.asked_at},
        where=export.c.state != ExportState.WAITING,
    )
    db.execute(queue, {**_NEW, "name": name, "run_id": run_id, "asked_at": now})


def find(db: Connection, name: str) -> Export | None:
    """Return an export, or None if it was never queued."""
    row = db.execute(_EXPORT, {"report_name": name}).mappings().one_or_none()
    if row is None:
        return None
    state = ExportState(row["state"])
    error = _error_of(row) if state is ExportState.FAILED else None
    return Export(row["name"], row["run_id"], state, row["share"], error)


def _error_of(row: RowMapping) -> StudioError:
    values: dict[str, Any] = json.loads(row["error_values"] or "{}")
    return restore_export_error(
        row["error_code"],
        values,
        stored_sentence=row["sentence"],
        stored_action=row["action"],
    )


def waiting(db: Connection) -> list[str]:
    """Return the names of the queued exports, the oldest first."""
    return [str(name) for name in db.execute(_WAITING_NAMES).scalars()]


def note_share(db: Connection, name: str, share: float) -> None:
    """Record the share of a queued export that is written, from 0 to 1."""
    db.execute(_SET_SHARE, {"report_name": name, "written_share": share})


def end(db: Connection, name: str, now: datetime, failure: Failure | None = None) -> None:
    """Record that a queued export is ready, or that an error has ended it."""
    values: dict[str, Any] = getattr(failure, "values", {})
    db.execute(
        _END,
        {
            "report_name": name,
            "now": now,
            "end_state": ExportState.READY if failure is None else ExportState.FAILED,
            "code": None if failure is None else failure.code,
            "code_values": json.dumps(values) if values else None,
        },
    )
