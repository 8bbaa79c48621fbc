"""Routes of the agency directory: an agency and its consultants."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.responses import JSONResponse

from chassis.callers import Store, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from services.onboarding.domain.agency import Agency, PutAgency, PutConsultant
from services.onboarding.handlers import AGENCIES
from services.onboarding.store import agencies
from services.onboarding.web.bodies import AgencyBody, AgencyShown, ConsultantBody, ConsultantShown
from services.onboarding.web.headers import harmless_headers
from services.onboarding.web.staff import STAFF, NotFound, must_be_of

router = APIRouter(prefix="/v1/agencies", tags=["agencies"], dependencies=[Depends(harmless_headers)])

Id = Annotated[str, Path(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$", description="such as byra-ett")]
Sub = Annotated[str, Path(min_length=1, max_length=255, description="`sub` of the consultant's tokens")]


@router.get("/{agency}", summary="An agency with its consultants", response_model=AgencyShown)
async def show(agency: Id, who: Who, store: Store) -> JSONResponse:
    must_be_of(who, agency, *STAFF)
    found = await agencies.read(store, agency)
    if found is None:
        raise NotFound
    return JSONResponse(_shown(found).model_dump(mode="json"))


@router.put("/{agency}", summary="Registers or changes an agency", response_model=AgencyShown)
async def put(agency: Id, body: AgencyBody, who: Who, store: Store, why: Why) -> JSONResponse:
    must_be_of(who, agency, "agency_admin")

    def render(change: Change[str, Agency]) -> Answer:
        return Answer(201 if change.before is None else 200, _shown(change.after).model_dump(mode="json"))

    given = await answer(store, AGENCIES, agency, PutAgency(agency, dict(body)), why, render)
    return JSONResponse(given.body, given.status)


@router.put("/{agency}/consultants/{sub}", summary="Registers or changes a consultant", response_model=ConsultantShown)
async def put_consultant(agency: Id, sub: Sub, body: ConsultantBody, who: Who, store: Store, why: Why) -> JSONResponse:
    must_be_of(who, agency, "agency_admin")

    def render(change: Change[str, Agency]) -> Answer:
        is_new = change.before is None or sub not in change.before.consultants
        consultant = _shown_consultant(change.after, sub)
        return Answer(201 if is_new else 200, consultant.model_dump(mode="json"))

    given = await answer(store, AGENCIES, agency, PutConsultant(agency, sub, dict(body)), why, render)
    return JSONResponse(given.body, given.status)


def _shown(agency: Agency) -> AgencyShown:
    return AgencyShown(
        agency=agency.agency,
        name=agency.name,
        locale=agency.locale,
        client_visibility=agency.client_visibility,
        version=agency.version,
        consultants=[_shown_consultant(agency, sub) for sub in agency.consultants],
    )


def _shown_consultant(agency: Agency, sub: str) -> ConsultantShown:
    each = agency.consultants[sub]
    return ConsultantShown(sub=each.sub, name=each.name, email=each.email, locale=each.locale, roles=list(each.roles))
