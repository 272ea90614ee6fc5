"""The launcher: the front door, the pages, their background processes and `/healthz`.

Start it with ``make run`` or ``streamlit run app.py``. Streamlit runs `lib/router.py` for each
visitor, not this file: next to a script with a ``pages`` folder, a deep link would run a page
without the router, and so without the sign-in.
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
from lib.ui.callbacks import never_interrupt_callbacks

ROOT: Final = Path(__file__).resolve().parent


def front_door() -> Middleware:
    """Return the middleware that checks each request, with the current sign-in settings.

    Exits with a message if these settings cannot be read or are invalid.
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


# Created before anything else reads the secrets file.
FRONT_DOOR: Final = front_door()

child_processes = ChildProcesses(get_settings())


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Run the sandbox and the worker while the app runs."""
    install_redaction()
    never_interrupt_callbacks()
    async with child_processes.running():
        announcement = asyncio.create_task(announce_address())
        yield
        announcement.cancel()


async def announce_address() -> None:
    """Print the address of the app once everything is running."""
    while (await run_in_threadpool(child_processes.health)).reasons:  # noqa: ASYNC110 - no event is set
        await asyncio.sleep(0.25)
    address = f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"
    sys.stdout.write(f"Sendout Studio is ready: {address} (Ctrl-C ends it)\n")
    sys.stdout.flush()


async def healthz(request: Request) -> JSONResponse:
    """Return 200 if everything is running, else 503, with the state of each part as JSON.

    If the app has sign-in, requests without it get the status alone.
    """
    health = await run_in_threadpool(child_processes.health)
    body = health.as_json()
    if not server.is_admitted(request.scope):
        body = {"status": body["status"]}
    return JSONResponse(body, status_code=503 if health.reasons else 200)


def former_route(name: str) -> Route:
    """Return a route that redirects a former address of a page to its current one."""
    page = navigation.FORMER_ADDRESSES[name].stem

    def redirect(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{page}?{request.url.query}" if request.url.query else page, 308)

    return Route(f"/{name}", redirect)


app = st.App(
    ROOT / "lib" / "router.py",
    lifespan=lifespan,
    routes=[Route("/healthz", healthz), *map(former_route, navigation.FORMER_ADDRESSES)],
    middleware=[Middleware(SecurityHeaders), FRONT_DOOR],
)

if __name__ == "__main__":
    app.run()
