"""The sandbox's process: what it keeps, and whom it serves."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.settings import ROOT
from tests.support.sandbox import SandboxHandle, start_sandbox

BODY: dict[str, Any] = {"entries": [{"client": "+16505551234", "campaignName": "campaign_basic"}]}


def test_a_killed_sandbox_remembers_what_it_accepted(tmp_path: Path):
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


def test_reset_forgets_everything(api: SandboxHandle):
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
def test_it_refuses_to_start_where_it_must_not(arguments: list[str]):
    command = [sys.executable, "-m", "lib.sandbox", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=30)

    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_a_taken_port_ends_it_with_a_sentence(api: SandboxHandle):
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
def test_only_this_machine_is_served(api: SandboxHandle, headers: dict[str, str], status: int):
    assert api.http.get("/sandbox/record", headers=headers).status_code == status
    assert api.http.post("/sandbox/reset", headers=headers).status_code == status


def test_a_wrong_path_or_method_is_answered_in_the_gateways_form(api: SandboxHandle):
    missing = api.http.get("/v1/nothing")
    method = api.http.get(api.endpoint)

    assert (missing.status_code, missing.json()["code"]) == (404, 5)
    assert (method.status_code, method.json()["code"]) == (405, 12)
    assert method.headers["allow"] == "POST"


def test_nothing_is_logged_about_requests(tmp_path: Path):
    handle = start_sandbox(tmp_path)
    try:
        handle.send(BODY)
        handle.inbox(phone="+16505551234")
    finally:
        handle.stop()

    assert "555" not in handle.log
