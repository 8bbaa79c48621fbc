"""Every refusal over HTTP explains itself: RFC 9457 problem documents with our codes and both languages."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import streams
from chassis.doors import announces_body, caller_of
from chassis.failures import NotNow, Unprocessable, is_transient
from schemas.errors import ERRORS, Pointed, Refused, problem

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
REQUESTS_AT_ONCE = 200
BODIES_AT_ONCE = 100  # still arriving, of one caller, and of all who need not say who they are
BODY_SECONDS = 30.0
ANSWER_SECONDS = 60.0  # until an answer begins; a stream may then go on
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
RETRY_AFTER = {503: "5", 429: "60"}
BY_STATUS = {
    400: "malformed_json",
    408: "request_timeout",
    401: "unauthenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "payload_too_large",
}
BY_VALIDATION = {
    "missing": "required",
    "literal_error": "invalid_choice",
    "enum": "invalid_choice",
    "string_too_long": "value_too_long",
    "too_long": "too_many_items",
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "timezone_aware"), "invalid_date"
    ),
}
"""pydantic's word for what is wrong → ours. A model's own errors are called by our codes already."""
_A_NAME = "[key]"
"""pydantic's last step to a name that may not stand there: the place is the name itself."""
_CHOICE = re.compile("'([^']*)'")
"""In pydantic's list of what could stand there: 'month', 'quarter' or 'year'."""


class Place(BaseModel):
    """One place that is wrong, and what to do there."""

    pointer: str = Field(description="a JSON pointer into what was sent; elsewhere the parameter behind a slash")
    code: str
    in_: Literal["path", "query", "header"] | None = Field(None, alias="in", description="absent: in the body")
    detail_sv: str
    detail_en: str


class Problem(BaseModel):
    """The body of every refusal (RFC 9457). Some codes have further members, which their routes describe."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str = Field(description="a stable word for programs to go by")
    detail_sv: str = Field(description="what happened and what to do, for people")
    detail_en: str
    errors: list[Place]


def answer(code: str, errors: tuple[Pointed, ...] = (), **facts: Any) -> JSONResponse:
    """The response for a code. A fact `retry_after_seconds` says when to come again."""
    body = problem(code, errors, **facts)
    status = int(body["status"])
    later = {status: str(facts["retry_after_seconds"])} if "retry_after_seconds" in facts else RETRY_AFTER
    headers = {"Retry-After": later[status]} if status in later else {}
    return JSONResponse(body, status, headers, CONTENT_TYPE)


def install(app: FastAPI, largest_body_bytes: int, largest_bodies: Mapping[str, int]) -> None:
    """Makes every refusal and every fault of `app` a problem document, and bounds the size of bodies."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Unprocessable, _unprocessable)
    for fault in (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, NotNow):
        app.add_exception_handler(fault, _fault)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(Bounds, largest_bytes=largest_body_bytes, by_path=largest_bodies)


async def _refused(_: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refused)
    return answer(refusal.code, refusal.errors, **refusal.facts)


async def _unprocessable(_: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Unprocessable)
    return answer(refusal.code)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return answer("malformed_json", offset=found[0]["loc"][-1])
    kind = request.headers.get("content-type", "application/json")
    if any(each["loc"] == ("body",) for each in found) and "json" not in kind:
        return answer("unsupported_media_type")
    pointed = tuple(
        Pointed(
            "".join(f"/{part}" for part in each["loc"][1:] if part != _A_NAME),
            BY_VALIDATION.get(each["type"], each["type"] if each["type"] in ERRORS else "invalid_value"),
            str(each["loc"][0]),
            tuple(_CHOICE.findall(str(each.get("ctx", {}).get("expected", "")))),
        )
        for each in found
    )
    return answer("invalid_content", pointed)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    response = answer(
        BY_STATUS.get(error.status_code, "internal_error" if error.status_code >= 500 else "invalid_value")
    )
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods(request))
    return response


def _methods(request: Request) -> list[str]:
    """What the path takes: each method of it may be a route of its own, and the first alone speaks for itself."""
    routes = request.app.routes
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    return [method for method, scope in asked if any(each.matches(scope)[0] is Match.FULL for each in routes)]


async def _fault(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, asyncpg.DataError):
        return answer("invalid_value")  # Postgres takes no such text or number, whatever let it through before
    if is_transient(error):
        log.warning("request must wait", error=type(error).__name__)
        return answer("service_unavailable")
    route = request.scope.get("route")
    log.error("request failed", route=getattr(route, "path", None), error=type(error).__name__, exc_info=error)
    return answer("internal_error")


def _is_stream(start: Message) -> bool:
    kind: bytes = dict(start["headers"]).get(b"content-type", b"")
    return kind.startswith(streams.CONTENT_TYPE.encode())


def _closing(response: JSONResponse) -> JSONResponse:
    response.headers["Connection"] = "close"
    return response


class Bounds:
    """Bounds on every request: how many at once, whose body and how large, how long until it came and is answered."""

    def __init__(self, app: ASGIApp, largest_bytes: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._largest = largest_bytes
        self._by_path = by_path
        self._under_way = 0
        self._bodies: Counter[tuple[str, str] | None] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
            return
        largest = self._by_path.get(scope["path"], self._largest)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > largest:
            await answer("payload_too_large", largest_bytes=largest)(scope, receive, send)
            return
        if self._under_way >= REQUESTS_AT_ONCE:
            await answer("service_unavailable")(scope, receive, send)
            return
        self._under_way += 1
        counted = True

        def count_no_more() -> None:
            nonlocal counted
            self._under_way -= counted
            counted = False

        async def counted_until_streaming(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_stream(message):
                count_no_more()  # it does nothing for most of its time, and is bounded by `chassis.streams`
            await send(message)

        try:
            if announces_body(scope):
                await self._with_body(scope, self._bounded(receive, largest), counted_until_streaming)
            else:
                await self._answered(scope, self._bounded(receive, largest), counted_until_streaming)
        finally:
            count_no_more()

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reads nothing of a body whose sender may not send it, and closes the connection that it would come on."""
        try:
            known = await caller_of(scope)
        except Refused as refusal:
            await _closing(answer(refusal.code))(scope, receive, send)
            return
        except NotNow:
            await _closing(answer("service_unavailable"))(scope, receive, send)
            return
        whose = None if known is None else (known.agency, known.sub)
        if self._bodies[whose] >= BODIES_AT_ONCE:
            await _closing(answer("service_unavailable"))(scope, receive, send)
            return
        self._bodies[whose] += 1
        arriving = True

        def arrived() -> None:
            nonlocal arriving
            if arriving:
                arriving = False
                self._bodies[whose] -= 1
                if not self._bodies[whose]:
                    del self._bodies[whose]

        async def counted() -> Message:
            message = await receive()
            if not message.get("more_body", False):
                arrived()
            return message

        try:
            await self._answered(scope, counted, send)
        finally:
            arrived()

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            if not begun:
                begun = True
                deadline.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(ANSWER_SECONDS) as deadline:
                await self._app(scope, receive, noted)
        except TimeoutError:
            if begun:
                raise
            log.error("a request was not answered in time", seconds=ANSWER_SECONDS)
            await answer("service_unavailable")(scope, receive, send)

    def _bounded(self, receive: Receive, largest: int) -> Receive:
        until = asyncio.get_running_loop().time() + BODY_SECONDS
        size, more = 0, True

        async def bounded() -> Message:
            nonlocal size, more
            if not more:
                return await receive()  # only the caller's hanging up can follow; streams wait for that
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            size += len(message.get("body", b""))
            more = bool(message.get("more_body", False))
            if size > largest:
                raise HTTPException(413)
            return message

        return bounded
