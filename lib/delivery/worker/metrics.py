"""Prometheus metrics of a worker. They hold counts and names only.

They are served on SENDOUT_METRICS_PORT if it is set, on this machine only unless
SENDOUT_METRICS_ADDRESS says otherwise.
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

ATTEMPTS: Final = Counter("sendout_attempts", "Requests by result", ["result"], registry=_REGISTRY)
RESPONSE_SECONDS: Final = Histogram(
    "sendout_answer_seconds",
    "Response time of the API",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    registry=_REGISTRY,
)
PAUSES: Final = Counter("sendout_pauses", "Pauses requested by the API (429)", registry=_REGISTRY)
TAKEOVERS: Final = Counter(
    "sendout_takeovers", "Workers that this one has evicted", registry=_REGISTRY
)
_WRITES_WAITING: Final = Gauge(
    "sendout_ledger_writes_waiting", "Pending ledger writes", registry=_REGISTRY
)
_COMMITS_FAILED: Final = Gauge(
    "sendout_ledger_commits_failed", "Failed commits", registry=_REGISTRY
)
_HEARTBEAT_AGE: Final = Gauge(
    "sendout_heartbeat_age_seconds", "Seconds since the last heartbeat", registry=_REGISTRY
)


class _LedgerCollector(Collector):
    """Collects queue depths from the ledger at each scrape."""

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
        runs = GaugeMetricFamily("sendout_runs", "Unfinished runs", labels=["state"])
        for state, number in load.runs.items():
            runs.add_metric([state], number)
        yield runs
        yield GaugeMetricFamily(
            "sendout_recipients_waiting", "Waiting recipients of running runs", load.waiting
        )
        yield GaugeMetricFamily("sendout_workers", "Registered workers", load.workers)


def serve(
    settings: Settings,
    ledger: Ledger,
    *,
    writes_waiting: Callable[[], float],
    commits_failed: Callable[[], float],
    heartbeat_age: Callable[[], float],
) -> None:
    """Serve metrics if a port is set. Raises OSError if the port is in use."""
    _WRITES_WAITING.set_function(writes_waiting)
    _COMMITS_FAILED.set_function(commits_failed)
    _HEARTBEAT_AGE.set_function(heartbeat_age)
    if settings.metrics_port is not None:
        _listen(settings.metrics_port, settings.metrics_address, ledger)


@functools.cache
def _listen(port: int, address: str, ledger: Ledger) -> None:
    """Listen once per process, also if the worker restarts within it."""
    _REGISTRY.register(_LedgerCollector(ledger))
    start_http_server(port, addr=address, registry=_REGISTRY)
