"""Servers that answer oddly cost no more than the certainty about the rows that they answered."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from lib.connections import save_connection
from lib.connectly import (
    AsyncConnectlyClient,
    CampaignEntry,
    DuplicateBehavior,
    OutcomeUnknownError,
    SendCampaignsOptions,
)
from lib.delivery import Reason, RunState, resume_run, run_attempts, start_run
from lib.delivery.ledger.database import open_ledger
from lib.delivery.worker.client_pool import PacedClientPool
from lib.delivery.worker.group_commit import GroupWriter
from lib.outcomes import row_outcomes
from lib.settings import ConnectionSettings, Settings
from tests.support.misbehaving import GOOD_BODY, answering, http
from tests.support.recipients import fictional_phone
from tests.support.states import wait_for
from tests.support.worker import Worker, plan_of, wait_for_run

MULTIPLE = DuplicateBehavior.ALLOW_MULTIPLE
ACCEPTED = http(200, GOOD_BODY.replace(b'"spring"', b'"demo_welcome"'))


def _connect(url: str, settings: Settings) -> str:
    """Save a connection to a server and return its name."""
    connection = ConnectionSettings(
        business_id="biz", api_key=SecretStr("a-key-0123456789"), base_url=url
    )
    save_connection("odd", connection, settings)
    return "odd"


def _phone(request: bytes) -> str:
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    return str(body["entries"][0]["client"])


@pytest.mark.parametrize("body", [b'{"data": []}', b"{}"])
def test_responses_without_counts_stop_the_run(
    body: bytes, idle_worker: Worker, settings: Settings
) -> None:
    with answering([http(200, body)]) as server:
        name = _connect(server.url, settings)
        idle_worker.start()
        run_id = start_run(plan_of(400, duplicates=MULTIPLE), connection=name)
        run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)

    assert run.reason is Reason.NO_CLEAR_ANSWER
    assert (run.accepted, run.rejected) == (0, 0)
    assert run.waiting > 150
    assert set(Counter(map(_phone, server.requests)).values()) == {1}


@pytest.mark.parametrize("status", [401, 403, 307])
def test_a_row_that_is_always_refused_is_rejected_if_others_pass(
    status: int, idle_worker: Worker, settings: Settings
) -> None:
    refused = fictional_phone(7)

    def answer(request: bytes) -> bytes:
        return http(status) if _phone(request) == refused else ACCEPTED

    with answering(answer) as server:
        name = _connect(server.url, settings)
        idle_worker.start()
        run = wait_for_run(run_id := start_run(plan_of(30), connection=name))

    outcomes = row_outcomes(run_id)
    assert (run.accepted, run.rejected, run.reason) == (29, 1, None)
    assert list(outcomes.index[outcomes["outcome"] == "rejected"]) == [2 + 7]


@pytest.mark.parametrize("rows", [1, 30])
def test_a_connection_that_refuses_every_row_is_paused_and_loses_none(
    rows: int, idle_worker: Worker, settings: Settings
) -> None:
    with answering([http(403)]) as server:
        name = _connect(server.url, settings)
        idle_worker.start()
        run_id = start_run(plan_of(rows), connection=name)
        run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
        assert (run.reason, run.waiting) == (Reason.NOT_PERMITTED, rows)

        server.answers = [ACCEPTED]
        wait_for(lambda: all(each.result for each in run_attempts(run_id)))
        assert resume_run(run_id)
        assert wait_for_run(run_id).accepted == rows


def test_a_damaged_connections_file_pauses_the_run_and_spares_the_worker(
    idle_worker: Worker, settings: Settings
) -> None:
    file = Path(settings.data_dir / "connections.json")
    with answering([ACCEPTED]) as server:
        name = _connect(server.url, settings)
        whole = file.read_text()
        file.write_text(whole.rstrip().removesuffix("}") + ",}")
        idle_worker.start()
        run_id = start_run(plan_of(5), connection=name)
        run = wait_for_run(run_id, until=lambda run: run.state is RunState.PAUSED)
        assert (run.reason, run.waiting) == (Reason.CONNECTIONS_DAMAGED, 5)

        file.write_text(whole)
        pid = idle_worker.pid
        assert resume_run(run_id)
        assert wait_for_run(run_id).accepted == 5
        assert idle_worker.pid == pid


class _Faulty(httpx.AsyncBaseTransport):
    """A transport with a mistake in it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise KeyError(request.url.path)


def test_a_mistake_in_the_code_leaves_the_outcome_unknown(settings: Settings) -> None:
    """Not tried through the worker, because no server is known that brings it about."""
    entry = CampaignEntry(client=fictional_phone(1), campaign_name="demo_welcome")

    async def send() -> object:
        with GroupWriter(open_ledger(settings)) as writer:
            pool = PacedClientPool("sandbox", settings, writer)
            client = AsyncConnectlyClient(business_id="b", api_key="k", transport=_Faulty())
            return await pool.post(client, [entry], SendCampaignsOptions())

    answer = asyncio.run(send())

    assert isinstance(answer, OutcomeUnknownError)
