"""A whole delivery in one process: people, a platform that answers as it is told, and the rules.

The ledger, the frozen plans, the exclude lists and the decisions are the real ones. The worker's
steps are taken one at a time, so that anything else may happen between any two of them.
"""

import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
from pydantic import SecretStr
from sqlalchemy import select

from lib.campaign import (
    Answers,
    FieldSource,
    FrozenPlan,
    Mapping,
    SendSchedule,
    add_exclude_list,
    make_plan,
)
from lib.campaign.exclusions import exclude_list_ids, load_exclusions
from lib.connections import get_connection
from lib.connectly import (
    ALL_CODES,
    AuthenticationFailed,
    CampaignEntry,
    ConnectlyError,
    DuplicateBehavior,
    ErrorClass,
    RateLimited,
    ReadTimedOut,
    SendCampaignsResponse,
)
from lib.delivery import (
    NothingToSendError,
    Outcome,
    ResolutionChoice,
    resolve_unknown_rows,
    retry_run,
    run_summary,
    start_run,
)
from lib.delivery.answer_policy import (
    BatchContext,
    Decision,
    decide_answer,
    decide_error,
    decide_unposted,
)
from lib.delivery.ledger import attempts, claims, opt_outs, runs, workers
from lib.delivery.ledger.attempts import Attempt
from lib.delivery.ledger.claims import Claim
from lib.delivery.ledger.database import clock, open_ledger
from lib.delivery.ledger.schema import attempt, batch, judgement, run, sendout, tally
from lib.delivery.states import OPT_OUT_CODES, AttemptResult, BatchState
from lib.delivery.worker.entry_reader import numbers_of
from lib.error_catalogue import explain
from lib.outcomes import row_outcomes
from lib.settings import ConnectionSettings, Settings
from lib.sheet.phones.identity import identities
from tests.support.businesses import replace_connection
from tests.support.ledger import worker_of
from tests.support.sheets import make_sheet

CAMPAIGN: Final = "spring"
INVALID: Final = "ERROR_CODE_CAMPAIGN_ENTRY_CLIENT_INVALID"
LATER: Final = next(
    code for code in ALL_CODES if explain(code).error_class is ErrorClass.WAIT_AND_RETRY
)
OPTED_OUT: Final = next(iter(OPT_OUT_CODES))

# Each person in both spellings that WhatsApp treats as one.
PEOPLE: Final = (
    ("+525512345678", "+5215512345678"),
    ("+5491123456789", "+541123456789"),
    ("+5511987650001", "+551187650001"),
    ("+12025550100", "+12025550100"),
    ("+12025550101", "+12025550101"),
)


def identity(phone: str) -> int:
    """Return the person behind a phone; known here, and not worked out as the code does."""
    return next(person for person, spellings in enumerate(PEOPLE) if phone in spellings)


Row = tuple[str, int]
"""A run, and a row of its sheet."""

ANSWERS: Final = (
    "accepts", "accepts the first half", "takes it and does not answer", "does not answer",
    "is busy", "refuses the key", "has had enough", "says they opted out", "rejects",
)  # fmt: skip
_CODES: Final = {"has had enough": LATER, "says they opted out": OPTED_OUT}


class Platform:
    """Who has got the campaign from which business; each request is answered as it is told."""

    def __init__(self) -> None:
        self.got: Counter[tuple[str, int]] = Counter()

    def post(
        self, business_id: str, entries: Sequence[CampaignEntry], *, once: bool, answer: str
    ) -> tuple[list[bool], SendCampaignsResponse | ConnectlyError]:
        """Take entries, or not, and answer; tell which people got a message by it.

        Under ``once`` nobody gets the campaign twice: a repeat counts as accepted.
        """
        silent = answer in {"takes it and does not answer", "does not answer"}
        first = {
            "accepts": len(entries),
            "accepts the first half": (len(entries) + 1) // 2,
            "takes it and does not answer": len(entries),
        }.get(answer, 0)
        keys = [(business_id, identity(each.client)) for each in entries]
        had = [once and self.got[key] > 0 for key in keys]
        gets = [place < first and not had[place] for place in range(len(keys))]
        self.got.update(key for key, get in zip(keys, gets, strict=True) if get)
        if silent:
            return gets, ReadTimedOut()
        if answer == "is busy":
            return gets, RateLimited(status=429)
        if answer == "refuses the key":
            return gets, AuthenticationFailed(status=401)
        accepted = sum(had) + sum(gets)
        return gets, _response(accepted, len(keys) - accepted, _CODES.get(answer, INVALID))


def _response(accepted: int, rejected: int, code: str) -> SendCampaignsResponse:
    """Answer as the API does: counts, and one error where any entry was rejected."""
    item = {
        "campaignName": CAMPAIGN,
        "campaignVersion": "v1",
        "status": "created",
        "acceptedCount": accepted,
        "rejectedCount": rejected,
        "error": {"code": code} if rejected else None,
    }
    return SendCampaignsResponse.from_json(json.dumps({"data": [item]}))


@dataclass
class KnownRun:
    """What the model knows of a run, apart from the ledger."""

    business_id: str
    duplicates: DuplicateBehavior
    had_before: Counter[tuple[str, int]]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    phones: dict[int, str] = field(default_factory=dict)
    ledger_rows: list[tuple[Any, ...]] = field(default_factory=list)
    found: dict[int, Outcome] = field(default_factory=dict)
    retry_of: str | None = None


class Delivery:
    """Runs of one data folder, a worker that sends what they hold, and a platform."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.platform = Platform()
        self.runs: dict[str, KnownRun] = {}
        self.messages: Counter[Row] = Counter()
        self.may_repeat: set[Row] = set()
        self.marked: set[Row] = set()
        self.excluded: set[int] = set()
        self._workers = 0
        self.connect("b1")
        self._start_worker()

    def connect(self, business_id: str) -> None:
        """Let the connection lead to this business from now on."""
        given = ConnectionSettings(business_id=business_id, api_key=SecretStr("secret"))
        replace_connection("acme", given, self.settings)

    def _start_worker(self) -> None:
        self._workers += 1
        self._worker = f"worker {self._workers}"
        with open_ledger(self.settings).write() as db:
            workers.register(db, worker_of(self._worker), clock(db))

    def kill_worker(self) -> None:
        """Let the worker die where it stands, and another one take over."""
        with open_ledger(self.settings).write() as db:
            workers.remove_worker(db, self._worker, clock(db))
        self._start_worker()

    def start(self, people: Sequence[str], duplicates: DuplicateBehavior, size: int) -> None:
        """Confirm a sheet of these phones."""
        sheet = make_sheet({"phone": people, "name": ["x"] * len(people)})
        mapping = Mapping(
            client=FieldSource(column="phone"), campaign_name=FieldSource(value=CAMPAIGN)
        )
        answers = Answers(if_duplicate_check_unspecified=duplicates)
        lists = sorted(exclude_list_ids(self.settings))
        exclusions = load_exclusions(lists, self.settings)
        plan = make_plan(sheet, mapping, answers=answers, excluded=exclusions)
        with contextlib.suppress(NothingToSendError):
            run_id = start_run(
                plan,
                connection="acme",
                token=str(len(self.runs)),
                schedule=SendSchedule(batch_size=size),
                settings=self.settings,
            )
            self._know(run_id, self._business_id, duplicates)

    def _know(self, run_id: str, business_id: str, duplicates: DuplicateBehavior) -> None:
        known = KnownRun(business_id, duplicates, self.platform.got.copy())
        self.runs.setdefault(run_id, known)

    @property
    def _business_id(self) -> str:
        return get_connection("acme", self.settings).business_id

    def retry(self, run_id: str, how_many: int) -> None:
        """Send rows that were rejected with some of the codes again."""
        # A tab that is out of date may also send codes whose rows a retry includes already.
        codes = [INVALID, LATER, OPTED_OUT][:how_many]
        try:
            again = retry_run(run_id, codes, settings=self.settings)
        except NothingToSendError:
            return
        if again in self.runs:
            return
        first = self.runs[run_id]
        since = self.platform.got - first.had_before
        for phone in self.phones(again).values():
            assert since[first.business_id, identity(phone)] == 0, "reached since, and retried"
        self._know(again, first.business_id, first.duplicates)

    def exclude_phone(self, phone: str) -> None:
        """Put somebody on an exclude list."""
        cells = pd.Series([phone], dtype="string[pyarrow]")
        add_exclude_list(cells, name="late", region=None, added_by="me", settings=self.settings)
        self.excluded.add(identity(phone))

    def decide(self, run_id: str, verdict: ResolutionChoice) -> None:
        """Repeat the unknown rows of a run, or mark them as sent."""
        found = row_outcomes(run_id, settings=self.settings)
        rows = {(run_id, int(row)) for row in found.index[found["outcome"] == Outcome.UNKNOWN]}
        resolve_unknown_rows(run_id, verdict, person="me", confirmed=True, settings=self.settings)
        if verdict is ResolutionChoice.REPEAT:
            self.may_repeat |= rows
        elif verdict is ResolutionChoice.SENT:
            self.marked |= rows

    def phones(self, run_id: str) -> dict[int, str]:
        """Return the phones of a run's plan that are sent, by row. A plan never changes."""
        known = self.runs.get(run_id)
        if known is not None and known.phones:
            return known.phones
        summary = run_summary(run_id, settings=self.settings)
        plan = FrozenPlan.open(summary.plan_id, self.settings)
        count = plan.row_count - plan.held_count
        phones = [each.client for each in plan.entries(0, count)]
        by_row = dict(zip(plan.rows(0, count), phones, strict=True))
        if known is not None:
            known.phones = by_row
        return by_row

    def claim(self, most: int) -> list[Claim]:
        """Let the worker claim batches."""
        business = get_connection("acme", self.settings).business
        with open_ledger(self.settings).write() as db:
            return claims.claim(db, "acme", self._worker, most, clock(db), business=business)

    def send(self, claim: Claim, answers: Sequence[str], *, dies: bool) -> None:
        """Take a claimed batch through its attempts; the worker may die during the last one."""
        delivery = _Sending(claim, FrozenPlan.open(claim.plan_id, self.settings))
        for number, answer in enumerate(answers):
            opened = self._open(delivery)
            if opened is None:
                return
            decision = self._post(delivery, answer)
            if dies and number == len(answers) - 1:
                return
            self._end(delivery, opened, decision)
            if decision.state is not BatchState.SENDING:
                return
        self._let_go(delivery)

    def _open(self, delivery: "_Sending") -> Attempt | None:
        claim = delivery.claim
        lists = exclude_list_ids(self.settings) - claim.ignored_lists
        exclusions = load_exclusions(sorted(lists), self.settings)
        people = identities(delivery.numbers).tolist()
        with open_ledger(self.settings).write() as db:
            told = opt_outs.any_opted_out(db, claim.business.business_id, people)
            if told or exclusions.mask(delivery.numbers).any():
                attempts.withhold(
                    db, claim, has_unknown_attempt=delivery.has_unknown_attempt, now=clock(db)
                )
                return None
            opened = attempts.open_attempt(db, claim, delivery.attempts, clock(db))
        if opened is None:
            self._let_go(delivery)
        return opened

    def _let_go(self, delivery: "_Sending") -> None:
        with open_ledger(self.settings).write() as db:
            if not delivery.unknown_attempts:
                claims.release(db, delivery.claim)
                return
            attempts.set_batch_state(
                db,
                delivery.claim,
                BatchState.UNKNOWN,
                None,
                has_unknown_attempt=True,
                now=clock(db),
            )

    def _post(self, delivery: "_Sending", answer: str) -> Decision:
        claim = delivery.claim
        if get_connection("acme", self.settings).business != claim.business:
            return decide_unposted(delivery.circumstances())
        known = self.runs[claim.run_id]
        assert claim.business.business_id == known.business_id, "sent for another business"
        for entry in delivery.entries:
            assert identity(entry.client) not in self.excluded, "sent to who has opted out"
        once = claim.duplicates is DuplicateBehavior.ALLOW_ONE
        gets, response = self.platform.post(
            claim.business.business_id, delivery.entries, once=once, answer=answer
        )
        self.messages.update(
            (claim.run_id, row) for row, get in zip(delivery.rows, gets, strict=True) if get
        )
        if isinstance(response, ConnectlyError):
            return decide_error(response, delivery.circumstances())
        return decide_answer(delivery.entries, response, delivery.circumstances())

    def _end(self, delivery: "_Sending", opened: Attempt, decision: Decision) -> None:
        claim = delivery.claim
        delivery.attempts = opened.number
        if decision.result is AttemptResult.UNKNOWN:
            delivery.unknown_attempts += 1
            delivery.has_unknown_attempt = True
        with open_ledger(self.settings).write() as db:
            now = clock(db)
            attempts.close_attempt(
                db,
                claim,
                opened,
                decision,
                has_unknown_attempt=delivery.has_unknown_attempt,
                now=now,
            )
            opted_out = decision.error_code in OPT_OUT_CODES
            if opted_out and decision.result is AttemptResult.REJECTED and claim.size == 1:
                people = identities(delivery.numbers).tolist()
                self.excluded.update(identity(each.client) for each in delivery.entries)
                opt_outs.note_opt_outs(db, claim.business.business_id, people, now)
            if decision.pause_connection is not None:
                runs.pause_connection(db, "acme", decision.pause_connection)

    def check(self) -> None:
        """Hold the ledger to the rules: conservation, nobody twice, and outcomes that stay."""
        for run_id, known in self.runs.items():
            # Reading outcomes takes most of the time, and most steps change a single run.
            ledger_rows = self._ledger_rows(run_id)
            if ledger_rows != known.ledger_rows:
                known.found, known.retry_of = self._reconciled_outcomes(run_id)
                known.ledger_rows = ledger_rows
            self._check_rows(run_id, known, known.found)
        self._check_retries()

    def _ledger_rows(self, run_id: str) -> list[tuple[Any, ...]]:
        """Return every row of the ledger that the outcomes of a run are read from."""
        batches = select(batch.c.id).where(batch.c.run_id == run_id)
        with open_ledger(self.settings).read() as db:
            return [
                tuple(row)
                for table, condition in (
                    (run, run.c.id == run_id),
                    (sendout, sendout.c.run_id == run_id),
                    (batch, batch.c.run_id == run_id),
                    (attempt, attempt.c.batch_id.in_(batches)),
                    (tally, tally.c.run_id == run_id),
                    (judgement, judgement.c.batch_id.in_(batches)),
                )
                for row in db.execute(select(table).where(condition))
            ]

    def _reconciled_outcomes(self, run_id: str) -> tuple[dict[int, Outcome], str | None]:
        """Return the outcomes of a run by row, which must add up, and the run it retries."""
        summary = run_summary(run_id, settings=self.settings)
        assert summary.reconciles
        found = row_outcomes(run_id, settings=self.settings)["outcome"]
        counts = Counter(found)
        assert counts[Outcome.ACCEPTED] == summary.accepted
        assert counts[Outcome.REJECTED] == summary.rejected
        assert counts[Outcome.UNKNOWN] == summary.unknown
        assert counts[Outcome.CANCELLED] == summary.cancelled
        by_row = dict(zip(found.index.tolist(), map(Outcome, found), strict=True))
        return by_row, summary.retry_of

    def _check_rows(self, run_id: str, known: KnownRun, outcomes: dict[int, Outcome]) -> None:
        phones = self.phones(run_id)
        for row, phone in phones.items():
            outcome, place = outcomes[row], (run_id, row)
            before = known.outcomes.get(row)
            assert before in {None, outcome}, f"{before} has become {outcome}"
            if outcome in {Outcome.ACCEPTED, Outcome.REJECTED, Outcome.CANCELLED}:
                known.outcomes[row] = outcome
            if outcome is Outcome.ACCEPTED and place not in self.marked:
                got = self.platform.got[known.business_id, identity(phone)]
                assert got > 0, "called accepted and got nothing"
            elif outcome in {Outcome.REJECTED, Outcome.CANCELLED}:
                assert self.messages[place] == 0, f"got it and is called {outcome}"
            risked = place in self.may_repeat and known.duplicates is _MULTIPLE
            assert risked or self.messages[place] <= 1, "got it twice"

    def _check_retries(self) -> None:
        taken: defaultdict[str, Counter[int]] = defaultdict(Counter)
        for known in self.runs.values():
            if known.retry_of is not None:
                taken[known.retry_of].update(
                    row for row, outcome in known.found.items() if outcome != Outcome.CANCELLED
                )
        for counts in taken.values():
            assert max(counts.values(), default=0) <= 1, "two retries have one row"


_MULTIPLE: Final = DuplicateBehavior.ALLOW_MULTIPLE


class _Sending:
    """A claimed batch on its way."""

    def __init__(self, claim: Claim, plan: FrozenPlan) -> None:
        self.claim = claim
        self.entries = plan.entries(claim.start, claim.start + claim.size)
        self.rows = plan.rows(claim.start, claim.start + claim.size)
        self.numbers = numbers_of(self.entries)
        self.attempts = claim.attempts
        self.has_unknown_attempt = claim.has_unknown_attempt
        self.unknown_attempts = 0

    def circumstances(self) -> BatchContext:
        return BatchContext(
            duplicates=self.claim.duplicates,
            pilot=self.claim.pilot,
            has_unknown_attempt=self.has_unknown_attempt,
            unknown_attempts=self.unknown_attempts,
            keep_answer=False,
            size=self.claim.size,
        )
