"""Update latency of a running broadcast that is watched in a hundred tabs.

Each tab is a session with a websocket to Streamlit. As in a browser, it requests the page, then its
fragment at the interval that the page sets. It is up to date when it has received a new count of
finished recipients. Compared with the sending rate without open tabs.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Origin, Subprotocol
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.harness import Line
from benchmarks.sending import new_phone
from lib.delivery import run_summary, start_run
from lib.settings import get_settings
from tests.support.states import wait_for
from tests.support.studio import Studio, running_studio
from tests.support.worker import plan_of

TABS: Final = 100
RECIPIENTS: Final = 20_000
_ALONE_SECONDS: Final = 15.0
_WATCHED_SECONDS: Final = 30.0


@dataclass
class Tab:
    """One session: how often it asks to be brought up to date, and when it was."""

    period: float = 0.0
    ticks: asyncio.Event = field(default_factory=asyncio.Event)
    done: str = ""
    updated: list[float] = field(default_factory=list)

    async def watch(self, address: str, run_id: str) -> None:
        """Open the page of a run and keep it open."""
        query = f"run={run_id}"
        async with connect(
            address,
            origin=Origin(address.replace("ws", "http").removesuffix("/_stcore/stream")),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as socket:
            await socket.send(_request(query))
            ticking: asyncio.Task[None] | None = None
            try:
                while True:
                    message = ForwardMsg.FromString(await socket.recv(decode=False))
                    match message.WhichOneof("type"):
                        case "auto_rerun" if ticking is None:
                            self.period = message.auto_rerun.interval
                            ticking = asyncio.create_task(
                                self._tick(socket, query, message.auto_rerun.fragment_id)
                            )
                        case "delta" if message.delta.new_element.HasField("progress"):
                            if self.done != (done := message.delta.new_element.progress.text):
                                self.done = done
                                self.updated.append(time.perf_counter())
                        case _:
                            pass
            finally:
                if ticking is not None:
                    ticking.cancel()

    async def _tick(self, socket: ClientConnection, query: str, fragment: str) -> None:
        due = time.perf_counter()
        while True:
            due += self.period
            await asyncio.sleep(due - time.perf_counter())
            await socket.send(_request(query, fragment))
            self.ticks.set()

    def gaps(self, since: float, until: float) -> list[float]:
        """Return the seconds between one update and the next, none left out at either end."""
        times = [since, *(each for each in self.updated if since < each < until), until]
        return [later - earlier for earlier, later in pairwise(times)]


def main() -> Iterator[Line]:
    """Measure and yield the line."""
    with tempfile.TemporaryDirectory() as folder, running_studio(Path(folder)) as studio:
        os.environ["SENDOUT_DATA_DIR"] = str(studio.data_dir)
        get_settings.cache_clear()
        run_id = start_run(plan_of(RECIPIENTS, phone=new_phone), connection="sandbox")
        wait_for(lambda: run_summary(run_id).accepted > 1_000, seconds=60)
        yield asyncio.run(_measured(studio, run_id))


async def _measured(studio: Studio, run_id: str) -> Line:
    alone = await _rate(run_id, _ALONE_SECONDS)
    address = f"ws://localhost:{studio.port}/_stcore/stream"
    tabs = [Tab() for _ in range(TABS)]
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(tab.watch(address, run_id)) for tab in tabs]
        await asyncio.gather(*(tab.ticks.wait() for tab in tabs))
        assert studio.process is not None
        since, spent = time.perf_counter(), _processor_seconds(studio.process.pid)
        watched = await _rate(run_id, _WATCHED_SECONDS)
        until = time.perf_counter()
        spent = _processor_seconds(studio.process.pid) - spent
        for each in watching:
            each.cancel()
    gaps = [gap for tab in tabs for gap in tab.gaps(since, until)]
    (period,) = {tab.period for tab in tabs}
    return Line(
        f"a run in {TABS} open tabs, brought up to date every {period:g} s",
        f"at the latest after {max(gaps):.1f} s, {spent / (until - since):.2f} of a core; "
        f"{watched:.1f} sent a second",
        f"no open tabs: {alone:.1f} sent a second",
        f"{watched / alone:.2f} x",
    )


async def _rate(run_id: str, seconds: float) -> float:
    """Return the recipients accepted per second over the next seconds."""
    accepted, started = run_summary(run_id).accepted, time.perf_counter()
    await asyncio.sleep(seconds)
    return (run_summary(run_id).accepted - accepted) / (time.perf_counter() - started)


def _processor_seconds(pid: int) -> float:
    """Return what a process has used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _request(query: str, fragment: str = "") -> bytes:
    """Return what a browser sends to have a page drawn, or one part of it by itself."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = "runs"
    message.rerun_script.fragment_id = fragment
    message.rerun_script.is_auto_rerun = bool(fragment)
    message.rerun_script.context_info.timezone = "UTC"
    data: bytes = message.SerializeToString()
    return data
