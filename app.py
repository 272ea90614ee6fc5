"""The launcher: the pages, the processes beside them, `/healthz` and the security headers.

Start it with ``make run`` or ``streamlit run app.py``. Streamlit runs `lib/router.py` for each
visitor, not this file: a script with a ``pages`` folder beside it would let a deep link run a
page past the router, and so past the sign-in.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from lib.logs import keep_private
from lib.processes import Household
from lib.settings import get_settings
from lib.ui.headers import SecurityHeaders

ROOT: Final = Path(__file__).resolve().parent

household = Household(get_settings())


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Run the sandbox and the worker for as long as the app runs."""
    keep_private()
    async with household.running():
        announcement = asyncio.create_task(announce())
        yield
        announcement.cancel()


async def announce() -> None:
    """Say in one line where the app is, once a visitor would find everything running."""
    while (await run_in_threadpool(household.health)).reasons:  # noqa: ASYNC110 - no event is set
        await asyncio.sleep(0.25)
    address = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
    sys.stdout.write(f"Sendout Studio is ready: {address} (Ctrl-C ends it)\n")
    sys.stdout.flush()


async def healthz(_: Request) -> JSONResponse:
    """Answer 200 once everything is up, else 503 with the reasons; and how things are."""
    health = await run_in_threadpool(household.health)
    return JSONResponse(health.as_json(), status_code=503 if health.reasons else 200)


app = st.App(
    ROOT / "lib" / "router.py",
    lifespan=lifespan,
    routes=[Route("/healthz", healthz)],
    middleware=[Middleware(SecurityHeaders)],
)
