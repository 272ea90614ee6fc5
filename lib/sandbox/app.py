"""The ASGI application: Connectly's endpoint, and routes for the record and the inbox."""

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
class RequestCounts:
    """Numbers of requests to the endpoint since the start or the last reset."""

    requests: int = 0
    throttled: int = 0


class Api:
    """The simulated endpoint: checks the key and the rate, applies faults, accepts entries."""

    def __init__(self, scenario: Scenario, record: Record) -> None:
        self._scenario = scenario
        self.record = record
        self._sendouts = Sendouts(scenario, record)
        self._restart_scenario()

    def reset(self) -> None:
        """Delete all messages and sendouts, and restart the scenario."""
        self.record.clear()
        self._restart_scenario()

    async def respond(self, request: Request) -> Response:
        """Return the response that Connectly, or the simulated fault, would give to a request."""
        self.counts.requests += 1
        try:
            body = await self._read_body(request)
            self._require_authorised(request)
            self._require_free_slot()
            return await self._respond_to_entries(read_request(body))
        except MalformedError as error:
            return google_status(400, f"proto: {error}")
        except RefusalError as refusal:
            return refusal.response(self._scenario.error_body)
        except ClientDisconnect:
            return Response()

    def _restart_scenario(self) -> None:
        self.counts = RequestCounts()
        self._window = SlidingWindow(self._scenario.rate)
        self._picker = FaultPicker(self._scenario.seed, self._scenario.script)

    async def _read_body(self, request: Request) -> bytes:
        """Return the body. Raises RefusalError if it is too large, after reading it to its end."""
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

    def _require_authorised(self, request: Request) -> None:
        given = request.headers.get("x-api-key", "").encode()
        if not hmac.compare_digest(given, self._scenario.api_key.encode()):
            error = errors.UNAUTHENTICATED._replace(type=self._scenario.wrong_key_type)
            raise RefusalError(401, error)
        business = self._scenario.business_id
        if business is not None and request.path_params["business_id"] != business:
            raise RefusalError(403, errors.PERMISSION_DENIED)

    def _require_free_slot(self) -> None:
        if not self._window.admit(time.monotonic()):
            self.counts.throttled += 1
            wait = self._scenario.retry_after
            headers = None if wait is None else {"Retry-After": wait}
            raise RefusalError(429, errors.THROTTLED, headers=headers)

    async def _respond_to_entries(self, request: SendRequest) -> Response:
        rates, latency = self._behaviour(request)
        fault = self._picker.pick(rates)
        before, after = self._picker.delay(*latency)
        await asyncio.sleep(before)
        if fault in AFTER_ACCEPTANCE or fault is Fault.NONE:
            response = json_response({"data": self._sendouts.accept(request)})
            await asyncio.sleep(after)
            return self._response_after(fault, response)
        return self._response_before(fault)

    def _behaviour(self, request: SendRequest) -> tuple[dict[Fault, float], tuple[float, float]]:
        """Return fault rates and latency of the first entry's campaign, or the scenario's."""
        first = request.entries[0].campaign_name if request.entries else ""
        campaign = self._sendouts.find(first)
        rates = (campaign and campaign.faults) or self._scenario.faults
        return rates, (campaign and campaign.latency_ms) or self._scenario.latency_ms

    def _response_after(self, fault: Fault, response: Response) -> Response:
        """Return the response with a fault that occurs after the entries were accepted."""
        match fault:
            case Fault.ERROR_AFTER:
                raise RefusalError(500, errors.INTERNAL)
            case Fault.RESET_AFTER:
                return faults.Reset()
            case Fault.HANG_AFTER:
                return faults.Hang()
            case Fault.CUT_BODY:
                return faults.Cut(response)
            case Fault.EMPTY_BODY:
                return Response()
            case Fault.HTML_BODY:
                return faults.html_body()
            case _:
                return response

    def _response_before(self, fault: Fault) -> Response:
        """Return the response with a fault that occurs before the entries are accepted."""
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
    """Middleware that refuses requests that other websites make through a local browser.

    The record can contain real phone numbers. Checking ``Host`` and ``Origin`` prevents other sites
    from reading or deleting it, including by DNS rebinding.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on requests whose host and origin are loopback addresses."""
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            origin = headers.get(b"origin")
            if not _is_loopback(b"//" + headers.get(b"host", b"")) or (
                origin is not None and not _is_loopback(origin)
            ):
                refusal = google_status(403, "the sandbox only serves this machine")
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def create_app(scenario: Scenario, record: Record) -> ASGIApp:
    """Return the sandbox as an ASGI application. The caller closes ``record``."""
    api = Api(scenario, record)

    async def redirect_to_inbox(_request: Request) -> Response:
        return RedirectResponse("/sandbox/inbox")

    async def show_health(_request: Request) -> Response:
        return json_response(
            {
                "status": "ok",
                "requests": api.counts.requests,
                "throttled": api.counts.throttled,
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
        Route(path, api.respond, methods=["POST"]),
        Route("/sandbox/health", show_health),
        Route("/sandbox/record", show_record),
        Route("/sandbox/reset", reset, methods=["POST"]),
        Route("/sandbox/inbox", show_inbox),
        Route("/sandbox/inbox", find_in_inbox, methods=["POST"]),
        Route("/", redirect_to_inbox),
    ]
    return LoopbackOnly(Starlette(routes=routes, exception_handlers={HTTPException: _http_error}))


def _http_error(_request: Request, error: Exception) -> Response:
    """Return the gateway's response to a wrong path or method."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return google_status(error.status_code, error.detail, headers=headers)


async def _record_json(record: Record) -> AsyncIterator[str]:
    """Yield the record as one JSON list, in pieces."""
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
