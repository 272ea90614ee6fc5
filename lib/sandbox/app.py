"""The sandbox's routes: the vendor's one endpoint, and pages to look behind it."""

import asyncio
import hmac
import json
import time
import urllib.parse
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.sandbox import errors, faults, inbox
from lib.sandbox.errors import RefusalError, google_status, json_response
from lib.sandbox.faults import AFTER_ACCEPTANCE, Fault, FaultPicker
from lib.sandbox.gateway import MalformedError, SendRequest, read_request
from lib.sandbox.rate import SlidingWindow
from lib.sandbox.record import Record
from lib.sandbox.scenario import Scenario
from lib.sandbox.sendouts import Sendouts

_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_RECORD_PAGE: Final = 1000


@dataclass
class Tally:
    """Requests to the endpoint since the start or the last reset."""

    requests: int = 0
    throttled: int = 0


class Api:
    """The simulated endpoint: key, rate, faults, then the entries."""

    def __init__(self, scenario: Scenario, record: Record) -> None:
        self._scenario = scenario
        self.record = record
        self._sendouts = Sendouts(scenario, record)
        self._start_over()

    def reset(self) -> None:
        """Forget everything and play the scenario from its beginning."""
        self.record.forget()
        self._start_over()

    async def answer(self, request: Request) -> Response:
        """Answer one request as the vendor would, or as the fault that befalls it demands."""
        self.tally.requests += 1
        try:
            body = await self._read(request)
            self._authorise(request)
            self._admit()
            return await self._answer_entries(read_request(body))
        except MalformedError as error:
            return google_status(400, f"proto: {error}")
        except RefusalError as refusal:
            return refusal.response(self._scenario.error_body)
        except ClientDisconnect:
            return Response()

    def _start_over(self) -> None:
        self.tally = Tally()
        self._window = SlidingWindow(self._scenario.rate)
        self._picker = FaultPicker(self._scenario.seed, self._scenario.script)

    async def _read(self, request: Request) -> bytes:
        """Read the whole body; one over the limit is read to its end and then refused."""
        body = bytearray()
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= self._scenario.body_limit:
                body += chunk
        if size > self._scenario.body_limit:
            status = 400 if self._scenario.limit_status == 400 else 413
            raise RefusalError(status, errors.LARGE_REQUEST)
        return bytes(body)

    def _authorise(self, request: Request) -> None:
        given = request.headers.get("x-api-key", "").encode()
        if not hmac.compare_digest(given, self._scenario.api_key.encode()):
            error = errors.UNAUTHENTICATED._replace(type=self._scenario.wrong_key_type)
            raise RefusalError(401, error)
        business = self._scenario.business_id
        if business is not None and request.path_params["business_id"] != business:
            raise RefusalError(403, errors.PERMISSION_DENIED)

    def _admit(self) -> None:
        if not self._window.admit(time.monotonic()):
            self.tally.throttled += 1
            wait = self._scenario.retry_after
            headers = None if wait is None else {"Retry-After": wait}
            raise RefusalError(429, errors.THROTTLED, headers=headers)

    async def _answer_entries(self, request: SendRequest) -> Response:
        rates, latency = self._behaviour(request)
        fault = self._picker.pick(rates)
        before, after = self._picker.delay(*latency)
        await asyncio.sleep(before)
        if fault in AFTER_ACCEPTANCE or fault is Fault.NONE:
            taken = json_response({"data": self._sendouts.take(request)})
            await asyncio.sleep(after)
            return self._after(fault, taken)
        return self._instead(fault)

    def _behaviour(self, request: SendRequest) -> tuple[dict[Fault, float], tuple[float, float]]:
        """Return the fault rates and latency of the first campaign named, else the scenario's."""
        first = request.entries[0].campaign_name if request.entries else ""
        campaign = self._sendouts.find(first)
        rates = (campaign and campaign.faults) or self._scenario.faults
        return rates, (campaign and campaign.latency_ms) or self._scenario.latency_ms

    def _after(self, fault: Fault, taken: Response) -> Response:
        """Return what the client gets of an answer whose entries were taken."""
        match fault:
            case Fault.ERROR_AFTER:
                raise RefusalError(500, errors.INTERNAL)
            case Fault.RESET_AFTER:
                return faults.Reset()
            case Fault.HANG_AFTER:
                return faults.Hang()
            case Fault.CUT_BODY:
                return faults.Cut(taken)
            case Fault.EMPTY_BODY:
                return Response()
            case Fault.HTML_BODY:
                return faults.html_body()
            case _:
                return taken

    def _instead(self, fault: Fault) -> Response:
        """Return what the client gets when nothing was taken."""
        match fault:
            case Fault.RESET_BEFORE:
                return faults.Reset()
            case Fault.HANG_BEFORE:
                return faults.Hang()
            case Fault.BAD_GATEWAY:
                return faults.bad_gateway()
            case Fault.REDIRECT:
                return RedirectResponse("/elsewhere")
            case Fault.THROTTLED:
                raise RefusalError(429, errors.THROTTLED)
            case Fault.THROTTLED_WITH_WAIT:
                raise RefusalError(429, errors.THROTTLED, headers={"Retry-After": "1"})
            case _:
                raise RefusalError(500, errors.INTERNAL)


class LoopbackOnly:
    """Refuse requests that a page from elsewhere makes a browser on this machine send.

    The record may hold real phones while somebody tries a real sheet: no other site may read or
    empty it, by another name for this address or otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is addressed to this machine, from it."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            origin = headers.get(b"origin")
            if not _is_loopback(b"//" + headers.get(b"host", b"")) or (
                origin is not None and not _is_loopback(origin)
            ):
                refusal = google_status(403, "the sandbox serves this machine only")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def create_app(scenario: Scenario, record: Record) -> ASGIApp:
    """Return the sandbox as an ASGI application; ``record`` stays the caller's to close."""
    api = Api(scenario, record)

    async def go_to_inbox(_request: Request) -> Response:
        return RedirectResponse("/sandbox/inbox")

    async def health(_request: Request) -> Response:
        return json_response(
            {
                "status": "ok",
                "requests": api.tally.requests,
                "throttled": api.tally.throttled,
                "messages": record.count(),
            }
        )

    async def show_record(_request: Request) -> Response:
        return StreamingResponse(_record_json(record), media_type="application/json")

    async def reset(_request: Request) -> Response:
        api.reset()
        return json_response({"status": "ok"})

    async def show_inbox(request: Request) -> Response:
        return inbox.show_inbox(record, dict(request.query_params))

    async def find_in_inbox(request: Request) -> Response:
        form = urllib.parse.parse_qs((await request.body()).decode())
        return inbox.show_inbox(record, {"phone": form.get("phone", [""])[0]})

    path = "/v1/businesses/{business_id}/send/campaigns"
    routes = [
        Route(path, api.answer, methods=["POST"]),
        Route("/sandbox/health", health),
        Route("/sandbox/record", show_record),
        Route("/sandbox/reset", reset, methods=["POST"]),
        Route("/sandbox/inbox", show_inbox),
        Route("/sandbox/inbox", find_in_inbox, methods=["POST"]),
        Route("/", go_to_inbox),
    ]
    return LoopbackOnly(Starlette(routes=routes, exception_handlers={HTTPException: _explain}))


def _explain(_request: Request, error: Exception) -> Response:
    """Answer a wrong path or method in the gateway's form."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return google_status(error.status_code, error.detail, headers=headers)


async def _record_json(record: Record) -> AsyncIterator[str]:
    """Write the record as one JSON list, a piece at a time."""
    yield "["
    after = 0
    while page := record.messages(after=after, limit=_RECORD_PAGE):
        text = json.dumps(page, ensure_ascii=False)[1:-1]
        yield f",{text}" if after else text
        after = page[-1]["seq"]
    yield "]"


def _is_loopback(address: bytes) -> bool:
    try:
        return urllib.parse.urlsplit(address.decode("latin-1")).hostname in _LOOPBACK_NAMES
    except ValueError:
        return False
