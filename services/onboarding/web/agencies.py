"""Routes of the agency directory: agencies and their consultants."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from chassis.callers import Store, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from services.onboarding.domain.agency import (
    AGENCY_FIELDS,
    CONSULTANT_FIELDS,
    Agency,
    ConsultantUnknown,
    PutAgency,
    PutConsultant,
)
from services.onboarding.domain.unknown_fields import beyond
from services.onboarding.handlers import AGENCIES
from services.onboarding.store import agencies
from services.onboarding.web.directory_bodies import (
    AgencyBody,
    AgencyPage,
    AgencyShown,
    ConsultantBody,
    ConsultantList,
    ConsultantShown,
    ListedAgency,
    StoredAgency,
    StoredConsultant,
)
from services.onboarding.web.editions import IfMatch, etag, perhaps_seen
from services.onboarding.web.remarks import remarked
from services.onboarding.web.staff import STAFF, NotFound, must_administer, must_be_of

router = APIRouter(prefix="/v1/agencies", tags=["agencies"])

CURSORS: Cursors[str] = Cursors("agencies", str)

Id = Annotated[str, Path(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$", description="such as byra-ett")]
Sub = Annotated[str, Path(min_length=1, max_length=255, description="`sub` of the consultant's tokens")]


@router.get("", summary="The directory: all agencies for operators, their own for an agency's people")
async def list_agencies(
    who: Who,
    store: Store,
    q: Annotated[str, Query(max_length=200, description="part of the name, or the id")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> AgencyPage:
    who.must_be_staff(*STAFF, "operator")
    only = None if "operator" in who.roles else who.agency
    rows = await agencies.page(store, only, sought(q), CURSORS.read(cursor) or "", limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["agency"])
    return AgencyPage(items=[ListedAgency.model_validate(dict(row)) for row in shown], next=more)


@router.get("/{agency}", summary="An agency with its consultants", response_model=AgencyShown)
async def show(agency: Id, who: Who, store: Store) -> JSONResponse:
    must_be_of(who, agency, *STAFF)
    found = await _found(store, agency)
    return JSONResponse(_shown(found).model_dump(mode="json"), headers=etag(found.version))


@router.put(
    "/{agency}",
    summary="Registers or changes an agency, whole",
    response_model=StoredAgency,
    responses={201: {"model": StoredAgency, "description": "Registered"}},
)
async def put(agency: Id, body: AgencyBody, who: Who, store: Store, why: Why, if_match: IfMatch = None) -> JSONResponse:
    """The same again changes nothing. With `If-Match` it is done only where nobody has changed the agency since."""
    must_administer(who, agency)
    content = dict(body)

    def render(change: Change[str, Agency]) -> Answer:
        shown = StoredAgency(**dict(_shown(change.after)), warnings=remarked(beyond(content, AGENCY_FIELDS)))
        return Answer(201 if change.before is None else 200, shown.model_dump(mode="json"))

    command = PutAgency(agency, content, perhaps_seen(if_match))
    given = await answer(store, AGENCIES, agency, command, why, render)
    return JSONResponse(given.body, given.status, etag(given.body["version"]))


@router.get("/{agency}/consultants", summary="The agency's consultants, by name", response_model=ConsultantList)
async def list_consultants(agency: Id, who: Who, store: Store) -> JSONResponse:
    must_be_of(who, agency, *STAFF)
    found = await _found(store, agency)
    items = ConsultantList(items=[shown_consultant(found, sub) for sub in found.consultants])
    return JSONResponse(items.model_dump(mode="json"), headers=etag(found.version))


@router.get("/{agency}/consultants/{sub}", summary="One consultant", response_model=ConsultantShown)
async def show_consultant(agency: Id, sub: Sub, who: Who, store: Store) -> JSONResponse:
    must_be_of(who, agency, *STAFF)
    found = await _found(store, agency)
    if sub not in found.consultants:
        raise ConsultantUnknown
    return JSONResponse(shown_consultant(found, sub).model_dump(mode="json"), headers=etag(found.version))


@router.put(
    "/{agency}/consultants/{sub}",
    summary="Registers or changes a consultant",
    response_model=StoredConsultant,
    responses={201: {"model": StoredConsultant, "description": "Registered"}},
)
async def put_consultant(  # a route is made of what it needs
    agency: Id, sub: Sub, body: ConsultantBody, who: Who, store: Store, why: Why, if_match: IfMatch = None
) -> JSONResponse:
    """As for agencies; the `ETag` is the agency's. Who is about to be removed is given nothing new."""
    must_administer(who, agency)
    content, version = dict(body), 0

    def render(change: Change[str, Agency]) -> Answer:
        nonlocal version
        version = change.after.version
        is_new = change.before is None or sub not in change.before.consultants
        warnings = remarked(beyond(content, CONSULTANT_FIELDS))
        shown = StoredConsultant(**dict(shown_consultant(change.after, sub)), warnings=warnings)
        return Answer(201 if is_new else 200, shown.model_dump(mode="json"))

    command = PutConsultant(agency, sub, content, perhaps_seen(if_match))
    given = await answer(store, AGENCIES, agency, command, why, render)
    return JSONResponse(given.body, given.status, etag(version))


async def _found(store: Store, agency: str) -> Agency:
    found = await agencies.read(store, agency)
    if found is None:
        raise NotFound
    return found


def _shown(agency: Agency) -> AgencyShown:
    return AgencyShown(
        agency=agency.agency,
        name=agency.name,
        locale=agency.locale,
        client_visibility=agency.client_visibility,
        version=agency.version,
        consultants=[shown_consultant(agency, sub) for sub in agency.consultants],
    )


def shown_consultant(agency: Agency, sub: str) -> ConsultantShown:
    """A consultant as routes show one."""
    each, leaving = agency.consultants[sub], agency.leaving(sub)
    return ConsultantShown(
        sub=each.sub,
        name=each.name,
        email=each.email,
        locale=each.locale,
        roles=list(each.roles),
        leaving=None if leaving is None else leaving.request_id,
    )
