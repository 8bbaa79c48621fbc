"""Routes of a client's users: list, add, invite again, change, remove; and the way in for whoever was invited."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from chassis.commands import Answer
from chassis.handling import Change
from chassis.ids import uuid7
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from services.activation.domain.client import Client
from services.activation.domain.inviting import Accept, Invite, Resend, UnknownInvitation, Withdraw
from services.activation.domain.users import Edit, SetState
from services.activation.store import access
from services.activation.web.access import DryRun
from services.activation.web.acting import Does, Render, diff, effects
from services.activation.web.bodies import AcceptBody, EditBody, InviteBody
from services.activation.web.shapes import ETAG, ETAG_UNLESS_DRY
from services.activation.web.shapes.access import Accepted, ChangedUser, GoneUser, Users
from services.activation.web.shapes.refusals import REFUSALS
from services.activation.web.views import users

router = APIRouter(prefix="/v1/clients/{client_id}/users", tags=["users"], responses=REFUSALS)
CHANGES: dict[str, Any] = {"response_model": ChangedUser | GoneUser, "responses": {200: ETAG}}
FORESEEN_TOO: dict[str, Any] = CHANGES | {"responses": {200: ETAG_UNLESS_DRY}}

Place = tuple[str, UUID]
"""Name and id of a user; the list is ordered by these."""

CURSORS: Cursors[Place] = Cursors("users", Place)

invitations = APIRouter(prefix="/v1/invitations", tags=["users"], responses=REFUSALS)


@router.get("", summary="The client's users, those who are invited among them, by name", response_model=Users)
async def list_users(
    client_id: UUID,
    does: Does,
    q: Annotated[str, Query(max_length=200, description="part of the name or of the address, in any case")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    client, _ = await does.looked_at(client_id)
    words, after = sought(q).lower(), CURSORS.read(cursor)
    found = [
        each
        for each in users(client)
        if (after is None or _place(each) > after)
        and (words in each["name"].lower() or words in (each["email"] or "").lower())
    ]
    shown, more = CURSORS.page(found[: limit + 1], limit, _place)
    return JSONResponse({"items": list(shown), "next": more})


@router.post(
    "",
    summary="Adds a user: they are invited by mail",
    status_code=201,
    response_model=ChangedUser,
    responses={201: ETAG},
)
async def invite(client_id: UUID, body: InviteBody, does: Does) -> JSONResponse:
    user_id = uuid7()
    wishes = tuple(each.wish(user_id) for each in body.grants)
    act = Invite(does.actor, does.rules, user_id, uuid7(), body.name, body.email, body.locale, wishes)
    return await does.do(client_id, act, _shows(user_id, 201), body.model_dump(mode="json"))


@router.patch(
    "/{user_id}",
    summary="Changes a user's name, address, language or state",
    description="`disabled` takes all licences, permissions and roles, which `changes` names; `active` lets the user "
    "in again and gives nothing back: what was held stands in the history, and is given by a Save.",
    **FORESEEN_TOO,
)
async def change(client_id: UUID, user_id: UUID, body: EditBody, does: Does, dry_run: DryRun = False) -> JSONResponse:
    act = Edit(does.actor, does.rules, user_id, body.name, body.email, body.locale, body.state)
    if dry_run:
        return await does.preview(client_id, act, _shows(user_id))
    return await does.do(client_id, act, _shows(user_id), body.model_dump(mode="json"))


@router.delete("/{user_id}", summary="Removes a user; what they held is free again", **FORESEEN_TOO)
async def remove(client_id: UUID, user_id: UUID, does: Does, dry_run: DryRun = False) -> JSONResponse:
    act = SetState(does.actor, does.rules, user_id, "removed")
    if dry_run:
        return await does.preview(client_id, act, _shows(user_id))
    return await does.do(client_id, act, _shows(user_id))


@router.post("/{user_id}/invitation", summary="Sends the invitation again, with a new code", **CHANGES)
async def resend(client_id: UUID, user_id: UUID, does: Does) -> JSONResponse:
    return await does.do(client_id, Resend(does.actor, does.rules, user_id), _shows(user_id))


@router.delete("/{user_id}/invitation", summary="Takes the invitation back", **CHANGES)
async def withdraw(client_id: UUID, user_id: UUID, does: Does) -> JSONResponse:
    return await does.do(client_id, Withdraw(does.actor, does.rules, user_id), _shows(user_id))


@invitations.post(
    "/{invitation_id}/accept",
    summary="Comes in by an invitation: once, with the code of its link",
    response_model=Accepted,
)
async def accept(invitation_id: UUID, body: AcceptBody, does: Does) -> JSONResponse:
    client_id = await access.client_of_invitation(does.context.database, invitation_id)
    if client_id is None:
        raise UnknownInvitation
    act = Accept(does.actor, does.rules, invitation_id, body.code, does.settings.link_keys.code)

    def render(change: Change[UUID, Client]) -> Answer:
        activation = change.after.activation
        user_id = next(key for key, each in change.after.invitations.items() if each.invitation_id == invitation_id)
        return Answer(
            200,
            {
                "client_id": str(client_id),
                "client_name": activation.client_name,
                "agency": activation.agency,
                "user_id": str(user_id),
            },
        )

    return await does.do(client_id, act, render, body.model_dump())


def _place(user: dict[str, Any]) -> Place:
    return user["name"], UUID(user["user_id"])


def _shows(user_id: UUID, status: int = 200) -> Render:
    def render(change: Change[UUID, Client]) -> Answer:
        found = [each for each in users(change.after) if each["user_id"] == str(user_id)]
        gone = {"user_id": str(user_id), "state": "removed"}
        shown = {**(found[0] if found else gone), "access_version": change.after.access_version}
        return Answer(status, {**shown, "changes": diff(change), "effects": effects(change)})

    return render
