"""Routes of the matrix: who holds what in a client, the Save, what one user may do, and why."""

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse, Response

from chassis.commands import Answer
from chassis.handling import Change
from schemas.errors import Refused
from schemas.values import Level
from services.activation.domain.acts import Settle, decide
from services.activation.domain.client import Client
from services.activation.domain.explaining import Question, explain
from services.activation.domain.rights import Actor, UserAdminRequired, entered, rights
from services.activation.domain.saving import Save, UnknownUser
from services.activation.store import access, clients
from services.activation.web.acting import Acting, Does, diff
from services.activation.web.bodies import SaveBody
from services.activation.web.views import matrix, own_access

router = APIRouter(prefix="/v1/clients/{client_id}", tags=["access"])

IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that the reading gave")]
DryRun = Annotated[bool, Query(description="says what would change, and changes nothing")]


class IfMatchRequired(Refused):
    """A Save must say which version it has seen."""

    code = "if_match_required"


@router.get("/access", summary="The matrix: licences, users and all that they hold")
async def show(client_id: UUID, does: Does) -> JSONResponse:
    client, now = await present(does, client_id)
    may_look(client, now, does.actor)
    return JSONResponse(matrix(client, does.actor, now), headers={"ETag": f'"{client.access_version}"'})


@router.patch("/access", summary="A Save: all of its changes or none")
async def save(
    client_id: UUID, body: SaveBody, does: Does, if_match: IfMatch = None, dry_run: DryRun = False
) -> JSONResponse:
    act = Save(does.actor, does.rules, seen_version(if_match), body.wishes())
    if dry_run:
        return await does.preview(client_id, act, lambda change: Answer(200, {"changes": diff(change)}))
    return await does.do(client_id, act, _saved, body.model_dump(mode="json"))


@router.get("/users/{user_id}/access", summary="What one user may do now; cheap enough to be asked at each request")
async def access_of(
    client_id: UUID,
    user_id: UUID,
    does: Does,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
) -> Response:
    database, actor = does.context.database, does.actor
    row = await access.user(database, client_id, user_id)
    staff = actor.client is None
    if row is None or row["agency"] != actor.agency or not (staff or actor.client == client_id):
        raise UnknownUser
    if not staff and row["sub"] != actor.sub:
        may_look(*(await present(does, client_id)), actor)
    ends = row["next_end"]
    etag = f'"{row["access_version"]}.{row["state"]}.{int(ends.timestamp() * 1000) if ends else 0}"'
    if if_none_match == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return JSONResponse(own_access(row), headers={"ETag": etag, "Cache-Control": "no-cache"})


@router.get("/explain", summary="Why a user can, or cannot, do something in a program's part; and who can help")
async def why(
    client_id: UUID,
    does: Does,
    user_id: Annotated[UUID, Query()],
    program: Annotated[str, Query(max_length=64)],
    part: Annotated[str, Query(max_length=64)],
    level: Annotated[Level, Query()] = "read",
) -> JSONResponse:
    client, now = await present(does, client_id)
    mine = client.user_of(does.actor.sub)
    if mine is None or mine.user_id != user_id:
        may_look(client, now, does.actor)
    return JSONResponse(explain(client, Question(user_id, program, part, level), now))


async def present(does: Acting, client_id: UUID) -> tuple[Client, datetime]:
    """The client as it is now, with all that has fallen due, for whoever may see it. Raises NotFound."""
    async with does.context.database.unit_of_work() as uow:
        client = entered((await clients.look(uow, [client_id])).get(client_id), does.actor)
        return decide(client, Settle(does.rules), uow.now).state, uow.now


def seen_version(if_match: str | None) -> int:
    """The access version that an If-Match names; one that none can be is stale. Raises IfMatchRequired."""
    if if_match is None:
        raise IfMatchRequired
    found = re.fullmatch(r'"(\d{1,18})"', if_match.strip())
    return int(found[1]) if found else -1


def may_look(client: Client, now: datetime, actor: Actor) -> None:
    """Staff see their agency's clients; of a client's own people, those who administrate something.

    Raises UserAdminRequired.
    """
    if actor.client is None:
        return
    held = rights(client, actor, now)
    if not held.system and not held.programs:
        raise UserAdminRequired


def _saved(change: Change[UUID, Client]) -> Answer:
    return Answer(
        200,
        {
            "access_version": change.after.access_version,
            "status": change.after.activation.status,
            "changes": diff(change),
        },
    )
