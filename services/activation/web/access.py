"""Routes of the matrix: who holds what in a client, the Save, what one user may do, and why."""

import hashlib
import re
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response

from chassis import entity_tags
from chassis.commands import Answer
from chassis.handling import Change
from schemas.errors import Pointed, Refused
from schemas.values import Level
from services.activation.domain.client import Client
from services.activation.domain.explaining import Question, explain
from services.activation.domain.rights import looked_at
from services.activation.domain.saving import Save, UnknownUser
from services.activation.store import access
from services.activation.web.acting import Does, diff
from services.activation.web.bodies import SaveBody
from services.activation.web.shapes import ETAG, ETAG_OF_WHAT_IS_TOLD, ETAG_UNLESS_DRY
from services.activation.web.shapes.access import Foreseen, Matrix, Saved, UserAccess
from services.activation.web.shapes.history import Explanation
from services.activation.web.shapes.refusals import ON_A_VERSION, REFUSALS
from services.activation.web.views import matrix, own_access

router = APIRouter(prefix="/v1/clients/{client_id}", tags=["access"], responses=REFUSALS)

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="the ETag that the reading gave: the version of who holds what. Numbers of licences and new users "
        "leave it as it is, since a Save is judged by those as they are then",
    ),
]
DryRun = Annotated[bool, Query(description="says what would change, and changes nothing")]


class IfMatchRequired(Refused):
    """A Save must say which version it has seen."""

    code = "if_match_required"


class IfMatchMalformed(Refused):
    """The If-Match is no ETag that a reading of the matrix gave."""

    code = "if_match_malformed"


@router.get(
    "/access",
    summary="The matrix: licences, users and all that they hold",
    response_model=Matrix,
    responses={200: ETAG},
)
async def show(client_id: UUID, does: Does) -> JSONResponse:
    client, now = await does.looked_at(client_id)
    return JSONResponse(matrix(client, does.actor, now), headers={"ETag": f'"{client.access_version}"'})


@router.patch(
    "/access",
    summary="A Save: all of its changes or none",
    response_model=Saved | Foreseen,
    responses={200: ETAG_UNLESS_DRY, **ON_A_VERSION},
)
async def save(
    client_id: UUID, body: SaveBody, does: Does, if_match: IfMatch = None, dry_run: DryRun = False
) -> JSONResponse:
    act = Save(does.actor, does.rules, seen_version(if_match), body.wishes())
    if dry_run:
        return await does.preview(client_id, act, lambda change: Answer(200, {"changes": diff(change)}))
    return await does.do(client_id, act, _saved, body.model_dump(mode="json"))


@router.get(
    "/users/{user_id}/access",
    summary="What one user may do now; cheap enough to be asked at each request",
    response_model=UserAccess,
    responses={200: ETAG_OF_WHAT_IS_TOLD, 304: {"description": "As the caller has it; never beyond `valid_until`"}},
)
async def access_of(
    client_id: UUID,
    user_id: UUID,
    does: Does,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    actor = does.actor
    row = await access.user(does.context.database, client_id, user_id)
    if row is None or row["agency"] != actor.agency or actor.client not in (None, client_id):
        raise UnknownUser
    if actor.client is None or row["sub"] != actor.sub:  # one's own is told at once, another's to whoever may look
        await does.looked_at(client_id)
    body = orjson.dumps(own_access(row))
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if entity_tags.matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get(
    "/explain",
    summary="Why a user can, or cannot, do something in a program's part; and who can help",
    response_model=Explanation,
)
async def why(
    client_id: UUID,
    does: Does,
    user_id: Annotated[UUID, Query()],
    program: Annotated[str, Query(max_length=64)],
    part: Annotated[str, Query(max_length=64)],
    level: Annotated[Level, Query()] = "read",
) -> JSONResponse:
    client, now = await does.present(client_id)
    mine = client.user_of(does.actor.sub)
    if mine is None or mine.user_id != user_id:
        looked_at(client, does.actor, now)
    return JSONResponse(explain(client, Question(user_id, program, part, level), now))


def seen_version(if_match: str | None) -> int:
    """The access version that an If-Match names. Raises IfMatchRequired, IfMatchMalformed."""
    if if_match is None:
        raise IfMatchRequired
    found = re.fullmatch(r'"(\d{1,18})"', if_match.strip(), re.ASCII)
    if found is None:
        raise IfMatchMalformed([Pointed("/If-Match", IfMatchMalformed.code, "header")])
    return int(found[1])


def _saved(change: Change[UUID, Client]) -> Answer:
    return Answer(
        200,
        {
            "access_version": change.after.access_version,
            "status": change.after.activation.status,
            "changes": diff(change),
        },
    )
