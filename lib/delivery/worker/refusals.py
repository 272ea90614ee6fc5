"""Tell a connection that refuses everything from a row that is always refused."""

from dataclasses import replace
from typing import Final

from lib.delivery.answer_policy import BatchContext, Decision, SplitReason
from lib.delivery.states import AttemptResult, BatchState

_AGAIN_AFTER_SECONDS: Final = 2.0
# Batches that are refused in a row, without another answer between them.
_MAX_REFUSED: Final = 3
_ANSWERED: Final = frozenset({AttemptResult.ACCEPTED, AttemptResult.REJECTED, AttemptResult.MIXED})


class Refusals:
    """The refused batches of one connection: those answered with 401, 403 or a redirect.

    A refused batch is put back and sent once more. If other batches got an answer in the meantime,
    it is refused for what it contains, so it is rejected. Otherwise the connection is paused.
    """

    def __init__(self) -> None:
        self._answered = 0
        # For each batch that was put back, how many batches had got an answer by then.
        self._put_back: dict[int, int] = {}

    def judge(self, batch_id: int, decision: Decision, context: BatchContext) -> Decision:
        """Return the decision about a batch, adapted to what became of the others."""
        if decision.pause_connection is None:
            self._answered += decision.result in _ANSWERED
            self._put_back.pop(batch_id, None)
            return decision
        answered_before = self._put_back.pop(batch_id, None)
        if answered_before is None:
            since = [number for number in self._put_back.values() if number == self._answered]
            if len(since) < _MAX_REFUSED - 1:
                self._put_back[batch_id] = self._answered
                return replace(decision, pause_connection=None, wait=_AGAIN_AFTER_SECONDS)
        elif answered_before < self._answered:
            return _reject(decision, context)
        self._put_back.clear()
        return decision


def _reject(decision: Decision, context: BatchContext) -> Decision:
    """Reject a batch, or find the row of it that is refused."""
    decision = replace(decision, pause_connection=None)
    if decision.state is not BatchState.WAITING:
        return decision  # an earlier attempt has no known outcome
    if context.size > 1:
        return replace(decision, parts=SplitReason.INVALID_ENTRY)
    state = BatchState.UNKNOWN if context.has_unknown_attempt else BatchState.REJECTED
    return replace(decision, result=AttemptResult.REJECTED, state=state)
