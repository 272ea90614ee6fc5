"""Prometheus metrics of a worker: counts and names, without personal data."""

import re

from lib.delivery import pause_run, start_run
from tests.support.loopback import get_local
from tests.support.postgres import free_port
from tests.support.worker import plan_of, wait_for_run


def test_a_worker_tells_what_it_sends_and_what_waits(idle_worker, sandbox):
    port = free_port()
    idle_worker.connect(sandbox)
    idle_worker.start(SENDOUT_METRICS_PORT=str(port))
    run_id = start_run(plan_of(20), connection="sandbox")
    wait_for_run(run_id)
    waiting = start_run(plan_of(7, first=100, campaign="demo_throttled"), connection="nowhere")
    pause_run(waiting)

    told = get_local(f"http://127.0.0.1:{port}/metrics").text
    assert 'sendout_attempts_total{result="accepted"} 20.0' in told
    assert "sendout_answer_seconds_count 20.0" in told
    assert 'sendout_runs{state="paused"} 1.0' in told
    assert "sendout_ledger_up 1.0" in told
    assert "sendout_workers 1.0" in told
    assert not re.search(r"\+1\d{10}|55501", told)
    idle_worker.stop()
    assert "555" not in idle_worker.log
