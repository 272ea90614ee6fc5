"""Start the sandbox as a process of its own and look at what it has recorded."""

import json
import os
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.fork_server import ForkedProcess
from tests.support.loopback import local_client

DEADLINE = 30.0  # seconds until a sandbox must have announced itself


@dataclass
class SandboxHandle:
    """A running sandbox; ``http`` speaks to it, with the key unless a request brings another."""

    url: str
    process: ForkedProcess
    log_file: Path
    http: httpx.Client
    business_id: str = "sandbox"
    api_key: str = "sandbox"

    @property
    def endpoint(self) -> str:
        """The one address of the API."""
        return f"{self.url}/v1/businesses/{self.business_id}/send/campaigns"

    @property
    def log(self) -> str:
        """Everything the process has said."""
        return self.log_file.read_text(encoding="utf-8")

    def send(self, body: Any, **more: Any) -> httpx.Response:
        """Post a body (JSON, or bytes as they are); ``more`` goes to httpx."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(self.endpoint, content=content, **more)

    def record(self) -> list[dict[str, Any]]:
        """Return every message that a phone would have received, in order."""
        messages: list[dict[str, Any]] = self.http.get("/sandbox/record").raise_for_status().json()
        return messages

    def inbox(self, **query: str | int) -> str:
        """Return the inbox page as HTML."""
        answer = self.http.get("/sandbox/inbox", params=query, follow_redirects=True)
        return answer.raise_for_status().text

    def reset(self) -> None:
        """Make the sandbox forget everything and play its scenario from the beginning."""
        self.http.post("/sandbox/reset").raise_for_status()

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.http.close()
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End the process, gently first; harmless when it has ended already."""
        self.http.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()


def start_sandbox(
    tmp_dir: Path, scenario: dict[str, Any] | None = None, *, record: Path | None = None
) -> SandboxHandle:
    """Start a sandbox on a free port; ``record`` is a file that outlives it.

    Raises RuntimeError with the sandbox's own words where it does not come up.
    """
    announce, log = tmp_dir / "sandbox.json", tmp_dir / "sandbox.log"
    announce.unlink(missing_ok=True)
    arguments = ["--port", "0", "--announce", str(announce)]
    if scenario is not None:
        file = tmp_dir / "scenario.json"
        file.write_text(json.dumps(scenario), encoding="utf-8")
        arguments += ["--scenario", str(file)]
    if record is not None:
        arguments += ["--record", str(record)]
    log.unlink(missing_ok=True)
    process = ForkedProcess("lib.sandbox", arguments, environment=os.environ, log_file=log)
    try:
        url = _announced(announce, process)
    except RuntimeError as error:
        process.kill()
        process.wait()
        raise RuntimeError(f"{error}\n{log.read_text(encoding='utf-8')}") from None
    switches = scenario or {}
    api_key = switches.get("api_key") or "sandbox"
    headers = {"X-API-Key": api_key, "Content-Type": "application/json"}
    return SandboxHandle(
        url=url,
        process=process,
        log_file=log,
        http=local_client(base_url=url, headers=headers),
        business_id=switches.get("business_id") or "sandbox",
        api_key=api_key,
    )


def _announced(announce: Path, process: ForkedProcess) -> str:
    deadline = time.monotonic() + DEADLINE
    while not announce.exists():
        if process.poll() is not None:
            raise RuntimeError(f"the sandbox ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("the sandbox did not announce itself in time")
        time.sleep(0.01)
    url: str = json.loads(announce.read_bytes())["url"]
    return url


def messages_by_phone(sandbox: SandboxHandle) -> Counter[str]:
    """Return how many messages each phone would have received."""
    return Counter(each["client"] for each in sandbox.record())
