"""What a worker tells about itself, in the form that Prometheus reads. Counts and names only.

It listens where SENDOUT_METRICS_PORT says, on this machine only unless SENDOUT_METRICS_ADDRESS
says otherwise, and not at all without a port.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lib.delivery.ledger import run_summaries
from lib.delivery.ledger.database import Ledger, LedgerError
from lib.settings import Settings

_REGISTRY: Final = CollectorRegistry()

ATTEMPTS: Final = Counter(
    "sendout_attempts", "Requests made, by what came of them", ["result"], registry=_REGISTRY
)
ANSWER_SECONDS: Final = Histogram(
    "sendout_answer_seconds",
    "How long the API took to answer",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    registry=_REGISTRY,
)
PAUSES: Final = Counter(
    "sendout_pauses", "Pauses that the API has asked for (429)", registry=_REGISTRY
)
TAKEOVERS: Final = Counter(
    "sendout_takeovers", "Workers that this one has taken over from", registry=_REGISTRY
)
_WRITES_WAITING: Final = Gauge(
    "sendout_ledger_writes_waiting", "Writes that wait for their commit", registry=_REGISTRY
)
_COMMITS_FAILED: Final = Gauge(
    "sendout_ledger_commits_failed", "Commits that have failed so far", registry=_REGISTRY
)
_SILENCE: Final = Gauge(
    "sendout_heartbeat_age_seconds", "Seconds since this worker last beat", registry=_REGISTRY
)


class _LedgerCollector(Collector):
    """What waits, read from the ledger whenever somebody asks."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sendout_ledger_up", "Whether the ledger can be read")
        try:
            with self._ledger.read() as db:
                load = run_summaries.queue_depth(db)
        except LedgerError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        runs = GaugeMetricFamily("sendout_runs", "Runs that are not over", labels=["state"])
        for state, number in load.runs.items():
            runs.add_metric([state], number)
        yield runs
        yield GaugeMetricFamily(
            "sendout_recipients_waiting", "Recipients of running runs who wait", load.waiting
        )
        yield GaugeMetricFamily("sendout_workers", "Workers that the ledger knows", load.workers)


def serve(
    settings: Settings,
    ledger: Ledger,
    *,
    writes_waiting: Callable[[], float],
    commits_failed: Callable[[], float],
    silence: Callable[[], float],
) -> None:
    """Answer Prometheus from now on, where a port is set. Raises OSError where it is taken."""
    _WRITES_WAITING.set_function(writes_waiting)
    _COMMITS_FAILED.set_function(commits_failed)
    _SILENCE.set_function(silence)
    if settings.metrics_port is not None:
        _listen(settings.metrics_port, settings.metrics_address, ledger)


@functools.cache
def _listen(port: int, address: str, ledger: Ledger) -> None:
    """Listen once a process, however often a worker begins anew in it."""
    _REGISTRY.register(_LedgerCollector(ledger))
    start_http_server(port, addr=address, registry=_REGISTRY)
