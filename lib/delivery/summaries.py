"""What a person is told about a run: counters that add up, speed, and time left."""

from dataclasses import dataclass
from datetime import datetime

from lib.campaign import SendSchedule, wave_size
from lib.connections import Business
from lib.connectly import DuplicateBehavior
from lib.delivery.states import OVER, AttemptResult, Outcome, Reason, RunKind, RunState


@dataclass(frozen=True)
class SendoutSummary:
    """One sendout of a run; its five counters add up to ``entries``."""

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


@dataclass(frozen=True)
class RunSummary:
    """A run as it stands in one moment. Times are aware and UTC, speeds in recipients."""

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
        """Tell whether people may get a campaign more than once."""
        return self.duplicates is DuplicateBehavior.ALLOW_MULTIPLE

    @property
    def repeats_may_reach_twice(self) -> bool:
        """Tell whether sending rows in doubt again could message somebody twice.

        So it could where the first request of a new version is in doubt: a second one opens
        another version, which knows nothing of the first.
        """
        return self.allows_repeats or any(
            each.needs_version and each.pinned_version is None and each.unknown
            for each in self.sendouts
        )

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more is going to be sent."""
        return self.state in OVER

    @property
    def waiting(self) -> int:
        """Rows without an outcome yet, those under way included."""
        return sum(each.waiting for each in self.sendouts)

    @property
    def accepted(self) -> int:
        """Rows that Connectly has taken."""
        return sum(each.accepted for each in self.sendouts)

    @property
    def rejected(self) -> int:
        """Rows that were refused, with an error."""
        return sum(each.rejected for each in self.sendouts)

    @property
    def unknown(self) -> int:
        """Rows in doubt."""
        return sum(each.unknown for each in self.sendouts)

    @property
    def cancelled(self) -> int:
        """Rows that never will be sent: the run was cancelled, or the person has opted out."""
        return sum(each.cancelled for each in self.sendouts)

    @property
    def released(self) -> int:
        """Rows that may go by now: all that are sent, unless they go out in waves."""
        return sum(each.released for each in self.sendouts)

    @property
    def to_come(self) -> int:
        """Rows of later waves, which wait until this one is done."""
        return sum(each.entries - each.released for each in self.sendouts)

    @property
    def next_wave(self) -> int:
        """How many recipients the next wave has; 0 where there is none."""
        return wave_size(self.schedule, self.wave + 1, self.to_come)

    @property
    def goes_on_at(self) -> datetime | None:
        """When a scheduled run begins, or goes on after its quiet hours, by itself."""
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
        """Tell whether every row of the sheet is accounted for, exactly once."""
        counted = self.waiting + self.accepted + self.rejected + self.unknown + self.cancelled
        return self.rows == self.held + counted

    @property
    def seconds_left(self) -> float | None:
        """Seconds until nothing of these waves waits, at this speed; None where nothing moves."""
        if self.state is not RunState.RUNNING or self.per_second == 0:
            return None
        return (self.waiting - self.to_come) / self.per_second


@dataclass(frozen=True)
class OutcomeCount:
    """So many recipients of one sendout with one outcome and error code in one minute (UTC)."""

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
    """One POST as the ledger has it. ``answer`` is the JSON that came back, where it was kept."""

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
    """Whether the worker beats, and which one it is.

    ``scheduler_ok`` is False where no worker that beats can carry what waits for its time.
    """

    alive: bool
    id: str | None = None
    pid: int | None = None
    host: str | None = None
    started_at: datetime | None = None
    beat_at: datetime | None = None
    scheduler_ok: bool = True
