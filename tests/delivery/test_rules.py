"""Invariants of delivery under any sequence of answers, decisions, changes and crashes."""

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lib.connectly import DuplicateBehavior
from lib.delivery import ResolutionChoice, cancel_run, pause_run, resume_run
from lib.delivery.ledger.database import open_ledger
from lib.settings import Settings
from tests.delivery.model import ANSWERS, PEOPLE, Delivery, identity

phones = st.sampled_from([*itertools.chain.from_iterable(PEOPLE)])
sheets = st.lists(
    st.tuples(st.sampled_from(range(len(PEOPLE))), st.sampled_from([0, 1])),
    min_size=1,
    max_size=len(PEOPLE),
    unique_by=lambda each: each[0],
)
answers = st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3)


class RunsUnderAnything(RuleBasedStateMachine):
    """Start, send, decide, change and crash in any order; check the invariants after each step."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._settings = Settings(data_dir=Path(self._folder.name))
        self.delivery = Delivery(self._settings)

    def teardown(self) -> None:
        open_ledger(self._settings).close()
        self._folder.cleanup()

    def _run(self, number: int) -> str:
        return list(self.delivery.runs)[number % len(self.delivery.runs)]

    @rule(
        people=sheets,
        duplicates=st.sampled_from(list(DuplicateBehavior)),
        size=st.sampled_from([1, 3]),
    )
    @precondition(lambda self: len(self.delivery.runs) < 6)
    def start(
        self, people: Sequence[tuple[int, int]], duplicates: DuplicateBehavior, size: int
    ) -> None:
        spelled = [PEOPLE[person][spelling] for person, spelling in people]
        self.delivery.start(spelled, duplicates, size)

    @rule(most=st.integers(1, 4), given=st.lists(answers, min_size=4, max_size=4))
    @precondition(lambda self: self.delivery.runs)
    def send(self, most: int, given: list[list[str]]) -> None:
        for claim, each in zip(self.delivery.claim(most), given, strict=False):
            self.delivery.send(claim, each, dies=False)

    @rule()
    @precondition(lambda self: self.delivery.runs)
    def send_and_get_two_kinds_of_rejections(self) -> None:
        kinds = itertools.cycle([["rejects"], ["has had enough"]])
        for claim, each in zip(self.delivery.claim(9), kinds, strict=False):
            self.delivery.send(claim, each, dies=False)

    @rule(most=st.integers(1, 4), given=answers)
    @precondition(lambda self: self.delivery.runs)
    def send_and_die(self, most: int, given: list[str]) -> None:
        for claim in self.delivery.claim(most)[:1]:
            self.delivery.send(claim, given, dies=True)
        self.delivery.kill_worker()

    @rule(
        given=answers,
        meanwhile=st.sampled_from(["pause", "cancel", "b1", "b2", *PEOPLE[0], *PEOPLE[3]]),
    )
    @precondition(lambda self: self.delivery.runs)
    def something_happens_between_claim_and_attempt(self, given: list[str], meanwhile: str) -> None:
        for claim in self.delivery.claim(2):
            if meanwhile == "pause":
                pause_run(claim.run_id, settings=self._settings)
            elif meanwhile == "cancel":
                cancel_run(claim.run_id, settings=self._settings)
            elif meanwhile in {"b1", "b2"}:
                self.delivery.connect(meanwhile)
            else:
                self.delivery.exclude_phone(meanwhile)
            self.delivery.send(claim, given, dies=False)

    @rule(number=st.integers(0, 9))
    @precondition(lambda self: self.delivery.runs)
    def pause(self, number: int) -> None:
        pause_run(self._run(number), settings=self._settings)

    @rule(number=st.integers(0, 9))
    @precondition(lambda self: self.delivery.runs)
    def resume(self, number: int) -> None:
        resume_run(self._run(number), settings=self._settings)

    @rule(number=st.integers(0, 9))
    @precondition(lambda self: self.delivery.runs)
    def cancel(self, number: int) -> None:
        cancel_run(self._run(number), settings=self._settings)

    @rule(number=st.integers(0, 9), codes=st.integers(1, 3))
    @precondition(lambda self: self.delivery.runs)
    def retry(self, number: int, codes: int) -> None:
        self.delivery.retry(self._run(number), codes)

    @rule(number=st.integers(0, 9))
    @precondition(lambda self: self.delivery.runs)
    def retry_one_code_then_all(self, number: int) -> None:
        run_id = self._run(number)
        self.send_and_get_two_kinds_of_rejections()
        self.delivery.retry(run_id, 1)
        self.send_and_get_two_kinds_of_rejections()
        self.delivery.retry(run_id, 3)

    @rule(number=st.integers(0, 9), spelling=st.sampled_from([0, 1]))
    @precondition(lambda self: 0 < len(self.delivery.runs) < 6)
    def send_to_the_same_people_from_another_sheet_then_retry(
        self, number: int, spelling: int
    ) -> None:
        run_id = self._run(number)
        people = {identity(phone) for phone in self.delivery.phones(run_id).values()}
        spelled = [PEOPLE[person][spelling] for person in sorted(people)]
        self.delivery.start(spelled, DuplicateBehavior.ALLOW_MULTIPLE, 1)
        for claim in self.delivery.claim(9):
            self.delivery.send(claim, ["accepts"], dies=False)
        self.delivery.retry(run_id, 3)

    @rule(duplicates=st.sampled_from(list(DuplicateBehavior)))
    @precondition(lambda self: len(self.delivery.runs) < 6)
    def repeat_a_mixed_batch(self, duplicates: DuplicateBehavior) -> None:
        self.delivery.start([spellings[0] for spellings in PEOPLE], duplicates, 3)
        for claim in self.delivery.claim(9):
            self.delivery.send(claim, ["accepts the first half"], dies=False)
        for run_id in self.delivery.runs:
            self.delivery.decide(run_id, ResolutionChoice.REPEAT)
        for claim in self.delivery.claim(9):
            self.delivery.send(claim, ["rejects"], dies=False)

    @rule(person=st.sampled_from(range(len(PEOPLE))), spelling=st.sampled_from([0, 1]))
    @precondition(lambda self: len(self.delivery.runs) < 6)
    def opt_out_in_another_spelling_once_confirmed(self, person: int, spelling: int) -> None:
        self.delivery.start([PEOPLE[person][spelling]], DuplicateBehavior.ALLOW_ONE, 1)
        self.delivery.exclude_phone(PEOPLE[person][1 - spelling])
        for claim in self.delivery.claim(9):
            self.delivery.send(claim, ["accepts"], dies=False)

    @rule(
        number=st.integers(0, 9),
        verdict=st.sampled_from([ResolutionChoice.REPEAT, ResolutionChoice.SENT]),
    )
    @precondition(lambda self: self.delivery.runs)
    def decide(self, number: int, verdict: ResolutionChoice) -> None:
        self.delivery.decide(self._run(number), verdict)

    @rule(phone=phones)
    def opt_out(self, phone: str) -> None:
        self.delivery.exclude_phone(phone)

    @rule(business_id=st.sampled_from(["b1", "b2"]))
    def change_connection(self, business_id: str) -> None:
        self.delivery.connect(business_id)

    @invariant()
    def rules_hold(self) -> None:
        self.delivery.check()


TestRunsUnderAnything = RunsUnderAnything.TestCase
TestRunsUnderAnything.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, derandomize=True
)
