"""Tests of the sandbox as a process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.settings import ROOT
from tests.support.sandbox import SandboxHandle, start_sandbox

BODY: dict[str, Any] = {"entries": [{"client": "+16505551234", "campaignName": "campaign_basic"}]}


def test_a_killed_sandbox_keeps_accepted_messages(tmp_path: Path):
    record = tmp_path / "record.sqlite3"
    first = start_sandbox(tmp_path, record=record)
    opened = first.send({**BODY, "options": {"ifVersionUnspecified": "create_new"}}).json()
    first.kill()

    second = start_sandbox(tmp_path, record=record)
    try:
        again = second.send(BODY).json()
        messages = second.record()
    finally:
        second.stop()

    assert again["data"] == [{**opened["data"][0], "status": "updated"}]
    assert [message["submissions"] for message in messages] == [2]
    assert record.stat().st_mode & 0o077 == 0


def test_reset_deletes_all_messages_and_sendouts(api: SandboxHandle):
    api.send(BODY)
    api.reset()

    assert api.record() == []
    assert api.send(BODY).json()["data"][0]["status"] == "created"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "0", "--host", "0.0.0.0"],
        ["--port", "0", "--host", "192.0.2.1"],
        ["--port", "0", "--host", "::"],
        ["--port", "0", "--rate", "0"],
        ["--port", "0", "--scenario", "no-such-file.json"],
    ],
)
def test_invalid_arguments_prevent_the_start(arguments: list[str]):
    command = [sys.executable, "-m", "lib.sandbox", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_a_port_in_use_prevents_the_start_with_a_message(api: SandboxHandle):
    port = api.url.rpartition(":")[2]
    command = [sys.executable, "-m", "lib.sandbox", "--port", port]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert ended.stderr.startswith(b"The sandbox cannot start:")
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8502"}, 200),
        ({"Origin": "http://localhost:8501"}, 200),
        ({"Host": "attacker.example"}, 403),
        ({"Host": "127.0.0.1.attacker.example"}, 403),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_only_requests_of_this_machine_are_served(
    api: SandboxHandle, headers: dict[str, str], status: int
):
    assert api.http.get("/sandbox/record", headers=headers).status_code == status
    assert api.http.post("/sandbox/reset", headers=headers).status_code == status


def test_a_wrong_path_or_method_gets_an_error_of_the_gateway(api: SandboxHandle):
    missing = api.http.get("/v1/nothing")
    method = api.http.get(api.endpoint)

    assert (missing.status_code, missing.json()["code"]) == (404, 5)
    assert (method.status_code, method.json()["code"]) == (405, 12)
    assert method.headers["allow"] == "POST"


def test_requests_are_not_logged(tmp_path: Path):
    handle = start_sandbox(tmp_path)
    try:
        handle.send(BODY)
        handle.inbox(phone="+16505551234")
    finally:
        handle.stop()

    assert "555" not in handle.log
