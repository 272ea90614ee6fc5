"""Summaries of runs and sendouts: counters that add up, speed, and time left."""

from dataclasses import dataclass
from datetime import datetime

from lib.campaign import SendSchedule, wave_size
from lib.connections import Business
from lib.connectly import DuplicateBehavior
from lib.delivery.states import OVER, AttemptResult, Outcome, Reason, RunKind, RunState


@dataclass(frozen=True)
class SendoutSummary:
    """One sendout of a run; its five counters add up to ``entries``.

    ``stopped_code`` is the error code for which it waits until the run is resumed.
    """

    index: int
    campaign_name: str
    campaign_version: str | None
    pinned_version: str | None
    reported_version: str | None
    needs_version: bool
    entries: int
    released: int
    waiting: int
    accepted: int
    rejected: int
    unknown: int
    cancelled: int
    stopped_code: str | None = None


@dataclass(frozen=True)
class RunSummary:
    """The state of a run at ``seen_at``. Times are UTC and aware, speeds in recipients a second."""

    id: str
    label: str
    kind: RunKind
    connection: str
    state: RunState
    reason: Reason | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    fingerprint: str
    plan_id: str
    sheet_id: str | None
    duplicates: DuplicateBehavior
    retry_of: str | None
    rows: int
    held: int
    sendouts: tuple[SendoutSummary, ...]
    per_second: float
    schedule: SendSchedule
    wave: int
    seen_at: datetime
    business: Business | None = None

    @property
    def allows_repeats(self) -> bool:
        """Return whether Connectly may send a campaign to a phone more than once."""
        return self.duplicates is DuplicateBehavior.ALLOW_MULTIPLE

    @property
    def repeats_may_reach_twice(self) -> bool:
        """Return whether resending rows with an unknown outcome could message a person twice.

        Under ``allow_one`` that is the case if the request that creates a campaign version has an
        unknown outcome: another such request creates a second version, and Connectly deduplicates
        per version.
        """
        return self.allows_repeats or any(
            each.needs_version and each.pinned_version is None and each.unknown
            for each in self.sendouts
        )

    @property
    def is_over(self) -> bool:
        """Return whether the run is finished or cancelled."""
        return self.state in OVER

    @property
    def waiting(self) -> int:
        """Rows without an outcome yet, including those whose request is in flight."""
        return sum(each.waiting for each in self.sendouts)

    @property
    def accepted(self) -> int:
        """Rows that Connectly has accepted."""
        return sum(each.accepted for each in self.sendouts)

    @property
    def rejected(self) -> int:
        """Rows that were rejected with an error."""
        return sum(each.rejected for each in self.sendouts)

    @property
    def unknown(self) -> int:
        """Rows whose outcome is unknown."""
        return sum(each.unknown for each in self.sendouts)

    @property
    def cancelled(self) -> int:
        """Rows that are never sent: the run was cancelled, or the person has opted out."""
        return sum(each.cancelled for each in self.sendouts)

    @property
    def released(self) -> int:
        """Rows that may be sent so far: all entries, or those of the waves released so far."""
        return sum(each.released for each in self.sendouts)

    @property
    def to_come(self) -> int:
        """Rows of later waves."""
        return sum(each.entries - each.released for each in self.sendouts)

    @property
    def next_wave(self) -> int:
        """Recipients of the next wave; 0 if there is none."""
        return wave_size(self.schedule, self.wave + 1, self.to_come)

    @property
    def goes_on_at(self) -> datetime | None:
        """When a scheduled run starts, or resumes after its quiet hours; None in other states."""
        if self.state is not RunState.SCHEDULED:
            return None
        if self.reason is Reason.QUIET_HOURS:
            return self.schedule.rest_ends(self.seen_at) or self.seen_at
        return self.schedule.opens_at

    @property
    def is_final(self) -> bool:
        """Whether outcomes can only change if a person resolves unknown ones."""
        return self.is_over and self.waiting == 0

    @property
    def reconciles(self) -> bool:
        """Return whether every row of the sheet is counted exactly once."""
        counted = self.waiting + self.accepted + self.rejected + self.unknown + self.cancelled
        return self.rows == self.held + counted

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the released rows are sent at this speed; None while nothing is sent."""
        if self.state is not RunState.RUNNING or self.per_second == 0:
            return None
        return (self.waiting - self.to_come) / self.per_second


@dataclass(frozen=True)
class OutcomeCount:
    """Recipients of one sendout with one outcome and error code, settled in one minute (UTC)."""

    run_id: str
    label: str
    campaign_name: str
    campaign_version: str | None
    outcome: Outcome
    error_code: str | None
    minute: datetime
    count: int


@dataclass(frozen=True)
class AttemptRecord:
    """One POST, as recorded in the ledger. ``answer`` is the JSON answer, if it was stored."""

    position: int
    number: int
    started_at: datetime
    ended_at: datetime | None
    result: AttemptResult | None
    http_status: int | None
    error_code: str | None
    error_type: str | None
    message: str | None
    trace_id: str | None
    campaign_version: str | None
    connectly_sendout_id: str | None
    answer: str | None


@dataclass(frozen=True)
class WorkerState:
    """The worker with the latest heartbeat, and whether it is alive.

    ``heartbeat_age`` is in seconds by the ledger's clock; ``beat_at`` is not to be compared with
    this machine's clock. ``scheduler_ok`` is false if no living worker can run scheduled work.
    """

    alive: bool
    id: str | None = None
    pid: int | None = None
    host: str | None = None
    started_at: datetime | None = None
    beat_at: datetime | None = None
    heartbeat_age: float | None = None
    scheduler_ok: bool = True
