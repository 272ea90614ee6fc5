"""Keep in the ledger which long reports are wanted. Each function is given a transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection, bindparam, select, update

from lib.delivery.ledger.schema import export
from lib.delivery.ledger.upsert import insert_into
from lib.delivery.states import ExportState


class Failure(Protocol):
    """What went wrong, in words for people that hold nothing from the sheet's cells."""

    code: str
    sentence: str
    action: str


@dataclass(frozen=True)
class Export:
    """A long report: ``name`` of its file, ``share`` of it that is written; why there is none."""

    name: str
    run_id: str
    state: ExportState
    share: float
    sentence: str | None
    action: str | None


_is_it: Final = export.c.name == bindparam("which")
_OF: Final = select(
    export.c.name,
    export.c.run_id,
    export.c.state,
    export.c.share,
    export.c.sentence,
    export.c.action,
).where(_is_it)
_WAITING: Final = (
    select(export.c.name)
    .where(export.c.state == ExportState.WAITING)
    .order_by(export.c.asked_at, export.c.name)
)
_anew: Final = {
    "state": ExportState.WAITING,
    "share": 0.0,
    "ended_at": None,
    "error_code": None,
    "sentence": None,
    "action": None,
}
_still_wanted: Final = (_is_it, export.c.state == ExportState.WAITING)
_PROGRESS: Final = update(export).where(*_still_wanted).values(share=bindparam("part"))
_END: Final = (
    update(export)
    .where(*_still_wanted)
    .values(
        state=bindparam("now_is"),
        ended_at=bindparam("at"),
        error_code=bindparam("code"),
        sentence=bindparam("says"),
        action=bindparam("advice"),
    )
)


def ask(db: Connection, run_id: str, name: str, now: datetime) -> None:
    """Want a report, anew if it was made before; one that is on its way stays as it is."""
    insert = insert_into(export, db.dialect.name)
    queue = insert.on_conflict_do_update(
        index_elements=[export.c.name],
        set_={**_anew, "asked_at": insert.excluded.asked_at},
        where=export.c.state != ExportState.WAITING,
    )
    db.execute(queue, {**_anew, "name": name, "run_id": run_id, "asked_at": now})


def find(db: Connection, name: str) -> Export | None:
    """Return how far a report is; None where nobody has asked for it."""
    row = db.execute(_OF, {"which": name}).mappings().one_or_none()
    return None if row is None else Export(**{**row, "state": ExportState(row["state"])})


def waiting(db: Connection) -> list[str]:
    """Return the names of all reports that are wanted and not there, in the order of asking."""
    return [str(name) for name in db.execute(_WAITING).scalars()]


def note_share(db: Connection, name: str, share: float) -> None:
    """Note how much of a report is written."""
    db.execute(_PROGRESS, {"which": name, "part": share})


def end(db: Connection, name: str, now: datetime, failure: Failure | None = None) -> None:
    """Note that a wanted report is there, or why there is none."""
    db.execute(
        _END,
        {
            "which": name,
            "at": now,
            "now_is": ExportState.READY if failure is None else ExportState.FAILED,
            "code": failure and failure.code,
            "says": failure and failure.sentence,
            "advice": failure and failure.action,
        },
    )
