"""The launcher: the front door, the pages, the processes beside them and `/healthz`.

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
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from lib.child_processes import ChildProcesses
from lib.front_door import FrontDoor
from lib.log_redaction import install_redaction
from lib.secrets_files import SecretsFileError
from lib.security_headers import SecurityHeaders
from lib.settings import get_settings
from lib.sign_in import SignInError
from lib.ui import navigation, server

ROOT: Final = Path(__file__).resolve().parent


def front_door() -> Middleware:
    """Return the middleware that checks each request, with sign-in as it is set up now.

    Ends the process with a sentence where nobody can say for certain who may come in.
    """
    try:
        server.freeze_secrets()
        settings = get_settings()
        return Middleware(
            FrontDoor,
            hosts=server.host_rules(settings),
            access=server.access(settings),
            uploads=server.upload_budget(settings),
        )
    except (SecretsFileError, SignInError) as error:
        sys.exit(f"Sendout Studio does not start. {error}")


FRONT_DOOR: Final = front_door()  # before anything else reads the secrets file

household = ChildProcesses(get_settings())


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Run the sandbox and the worker for as long as the app runs."""
    install_redaction()
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


async def healthz(request: Request) -> JSONResponse:
    """Answer 200 once everything is up, else 503 with the reasons; and how things are.

    Where people sign in, others only learn whether everything is up.
    """
    health = await run_in_threadpool(household.health)
    told = health.as_json()
    if not server.is_admitted(request.scope):
        told = {"status": told["status"]}
    return JSONResponse(told, status_code=503 if health.reasons else 200)


def redirect(name: str) -> Route:
    """Return a route from the former address of a page to its present one."""
    page = navigation.FORMER_ADDRESSES[name].stem

    def answer(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{page}?{request.url.query}" if request.url.query else page, 308)

    return Route(f"/{name}", answer)


app = st.App(
    ROOT / "lib" / "router.py",
    lifespan=lifespan,
    routes=[Route("/healthz", healthz), *map(redirect, navigation.FORMER_ADDRESSES)],
    middleware=[Middleware(SecurityHeaders), FRONT_DOOR],
)

if __name__ == "__main__":
    app.run()
