"""Routes on which an agency has a consultant removed, and sees what became of the wish."""

from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from chassis.callers import Store, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from chassis.ids import uuid7
from schemas.errors import problem
from services.onboarding.domain.agency import Agency, Removal, RemoveConsultant
from services.onboarding.handlers import AGENCIES
from services.onboarding.store import removals
from services.onboarding.web.agencies import Id, Sub
from services.onboarding.web.directory_bodies import RemovalShown
from services.onboarding.web.shapes import By
from services.onboarding.web.staff import NotFound, must_administer, person

router = APIRouter(prefix="/v1/agencies/{agency}/consultants/{sub}", tags=["agencies"])

HAS_CLIENTS = "consultant_has_clients"


@router.delete(
    "",
    status_code=202,
    summary="Asks for a consultant's removal, which is done once all of their clients can do without them; "
    "end their roles at the issuer first, since tokens are believed after it as before",
    response_model=RemovalShown,
)
async def remove(agency: Id, sub: Sub, who: Who, store: Store, why: Why) -> JSONResponse:
    """`Location` is where the wish can be followed: pending, then removed, or refused with the clients in the way.

    One wish at a time; after a refusal it can be asked for again, and where no answer came for ten minutes.
    """
    must_administer(who, agency)

    def render(change: Change[str, Agency]) -> Answer:
        pending = change.after.leaving(sub)
        assert pending is not None, "decided just now"
        return Answer(202, _shown(agency, pending).model_dump(mode="json"))

    command = RemoveConsultant(agency, sub, uuid7(), person(who))
    given = await answer(store, AGENCIES, agency, command, why, render)
    place = f"/v1/agencies/{agency}/consultants/{sub}/removals/{given.body['request_id']}"
    return JSONResponse(given.body, given.status, {"Location": quote(place)})


@router.get(
    "/removals/{request_id}", summary="What became of the wish to remove a consultant", response_model=RemovalShown
)
async def show(agency: Id, sub: Sub, request_id: UUID, who: Who, store: Store) -> JSONResponse:
    must_administer(who, agency)
    found = await removals.read(store, agency, sub, request_id)
    if found is None:
        raise NotFound
    return JSONResponse(_shown(agency, found).model_dump(mode="json"))


def _shown(agency: str, removal: Removal) -> RemovalShown:
    words = problem(HAS_CLIENTS) if removal.state == "refused" else {}
    return RemovalShown(
        request_id=removal.request_id,
        agency=agency,
        sub=removal.sub,
        state=removal.state,
        requested_at=removal.requested_at,
        requested_by=By(sub=removal.by.sub, name=removal.by.name),
        answered_at=removal.answered_at,
        clients=list(removal.clients),
        **{name: words[name] for name in ("code", "title", "detail_sv", "detail_en") if name in words},
    )
