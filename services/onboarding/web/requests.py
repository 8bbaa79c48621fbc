"""The route on which a source or an agency asks what became of an upstream request."""

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from chassis.callers import Store, Who
from services.onboarding.domain import requests as domain
from services.onboarding.store import requests
from services.onboarding.web.bodies import IntakeShown
from services.onboarding.web.staff import STAFF, NotFound, must_be_of

PREFIX = "/v1/intake/"

router = APIRouter(tags=["intake"])


@router.get(
    PREFIX + "{source_and_id:path}",  # one parameter, since both may hold slashes, which arrive decoded
    summary="What became of an upstream request: `{source}/{id}`, both URL-encoded, or with slashes as they are",
    response_model=IntakeShown,
)
async def show(source_and_id: str, request: Request, who: Who, store: Store) -> JSONResponse:  # noqa: ARG001  # as above
    for named in _readings(request):
        found = await requests.read(store, *named)
        if found is not None:
            answered, client = found
            must_be_of(who, answered.agency or "", *STAFF)
            return JSONResponse(_shown(answered, client).model_dump(mode="json"))
    raise NotFound


def _readings(request: Request) -> list[tuple[str, str]]:
    """(source, id) as the path may mean them: two encoded segments, or a source whose slashes were left as they are."""
    raw = bytes(request.scope.get("raw_path") or request.scope["path"].encode()).split(b"?")[0].decode("latin-1")
    segments = raw.partition(PREFIX)[2].split("/")
    readings = []
    if len(segments) == 2:
        readings.append((unquote(segments[0]), unquote(segments[1])))
    source = "/".join(segments[:-1]).lstrip("/")
    readings.append(("/" + unquote(source), unquote(segments[-1])))
    return [each for each in readings if "\x00" not in "".join(each)]


def _shown(request: domain.Request, client: Any) -> IntakeShown:
    refusal = request.refusal
    return IntakeShown(
        source=request.source,
        id=request.request_id,
        correlation_id=request.correlation_id,
        agency=request.agency,
        status="accepted" if refusal is None else "rejected",
        client_id=request.client_id,
        external_ref=request.external_ref,
        code=None if refusal is None else refusal.code,
        errors=[] if refusal is None else [{"pointer": e.pointer, "code": e.code} for e in refusal.errors],
        retryable=refusal is not None and refusal.retryable,
        received_at=request.received_at,
        client=None if client is None else dict(client),
    )
