"""The route on which a source or an agency asks what became of an upstream request."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from chassis.callers import Opened, Store, Who
from schemas.errors import Pointed
from services.onboarding.domain import requests as domain
from services.onboarding.domain.sources import attribute_of
from services.onboarding.store import requests
from services.onboarding.web.bodies import AnswerShown, IntakeShown
from services.onboarding.web.seeing import must_see
from services.onboarding.web.shapes import PlaceShown, WayShown
from services.onboarding.web.staff import STAFF, NotFound, must_be_of

PREFIX = "/v1/intake/"
WAY = ("listed", "activated", "configured", "cancelled")

router = APIRouter(tags=["intake"])


@router.get(
    PREFIX + "{source_and_id:path}",  # one parameter, since both may hold slashes, which arrive decoded
    summary="What became of an upstream request: `{source}/{id}`, both URL-encoded or with slashes as they are; "
    "a further source's slug will do",
    response_model=IntakeShown,
)
async def show(source_and_id: str, request: Request, who: Who, store: Store, opened: Opened) -> JSONResponse:  # noqa: ARG001  # as above
    for source, request_id in _readings(request):
        found = await requests.read(store, source, request_id)
        if found is not None:
            answered, client = found
            must_be_of(who, answered.agency or "", *STAFF)
            if answered.client_id is not None:
                await must_see(answered.client_id, who, store)
            return JSONResponse(_shown(answered, client).model_dump(mode="json"))
        held = await requests.held(store, opened.common.topic_prefix, source, request_id)
        if held is not None:
            must_be_of(who, "", *STAFF)  # of nobody's agency yet: an operator's
            return JSONResponse(_waiting(source, request_id, held).model_dump(mode="json"))
    raise NotFound


def _readings(request: Request) -> list[tuple[str, str]]:
    """(source, id) as the path may mean them: two encoded segments, or a source whose slashes were left as they are."""
    raw = bytes(request.scope.get("raw_path") or request.scope["path"].encode()).split(b"?")[0].decode("latin-1")
    segments = raw.partition(PREFIX)[2].split("/")
    readings = []
    if len(segments) == 2:
        source, request_id = map(unquote, segments)
        readings += [(source, request_id), (attribute_of(source), request_id)]
    source = "/".join(segments[:-1]).lstrip("/")
    readings.append(("/" + unquote(source), unquote(segments[-1])))
    return [each for each in readings if "\x00" not in "".join(each)]


def _shown(request: domain.Request, client: Any) -> IntakeShown:
    refusal: domain.Refusal | domain.Outcome | None = request.refusal
    status = "accepted" if refusal is None else "rejected"
    if request.outcomes:  # the latest counts: a change on a day is answered again then
        last = request.outcomes[-1]
        status, refusal = last.what, last if last.what == "rejected" else None
    return IntakeShown(
        source=request.source,
        id=request.request_id,
        correlation_id=request.correlation_id,
        agency=request.agency,
        status=status,
        client_id=request.client_id,
        external_ref=request.external_ref,
        code=None if refusal is None else refusal.code,
        errors=[] if refusal is None else _places(refusal.errors),
        warnings=_places(request.warnings),
        retryable=request.refusal is not None and request.refusal.retryable,
        received_at=request.received_at,
        answers=_answers(request, client),
        client=None if client is None else WayShown(**client),
    )


def _places(places: Sequence[Pointed]) -> list[PlaceShown]:
    return [PlaceShown(pointer=each.pointer, code=each.code) for each in places]


def _answers(request: domain.Request, client: Any) -> list[AnswerShown]:
    """What its sender was told, in order; of the client's way, or what activation answered."""
    first = "accepted" if request.refusal is None else "rejected"
    code = None if request.refusal is None else request.refusal.code
    answers = [AnswerShown(what=first, at=request.received_at, code=code)]
    if client is not None and request.command_id is None:
        steps = [(client[f"{step}_at"], step) for step in WAY if client[f"{step}_at"] is not None]
        answers += [AnswerShown(what=step, at=at) for at, step in sorted(steps)]
    answers += [AnswerShown(what=each.what, at=each.at, code=each.code) for each in request.outcomes]
    return answers


def _waiting(source: str, request_id: str, held: Any) -> IntakeShown:
    return IntakeShown(
        source=source,
        id=request_id,
        correlation_id=held["correlation_id"] or request_id,
        agency=None,
        status="waiting",
        client_id=None,
        external_ref=None,
        code=held["reason"],
        errors=[],
        warnings=[],
        retryable=True,
        received_at=held["held_at"],
        answers=[],
        next_try_at=held["retry_at"],
        client=None,
    )
