"""Routes of clients: create, list, show."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from chassis.callers import Key, Store, Who, Why
from chassis.commands import Answer, answer
from chassis.handling import Change
from chassis.idempotency import IdempotencyKey
from chassis.ids import uuid7
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, sought
from schemas.client import ClientStatus
from services.onboarding import look_ups, vault
from services.onboarding.domain.creation import CreateClient, Creation, Wanted, swedish_date
from services.onboarding.domain.identity_numbers import NumberInvalid, organisation_number
from services.onboarding.domain.unknown_fields import unknown_of_a_person
from services.onboarding.handlers import CREATIONS
from services.onboarding.store import lists
from services.onboarding.web.bodies import ClientPage, CreatedClient, NewClientBody, ShownClient
from services.onboarding.web.editions import etag
from services.onboarding.web.seeing import must_see, only_of
from services.onboarding.web.shown import created_client, listed_client, shown_client
from services.onboarding.web.staff import STAFF, NotFound, person

router = APIRouter(prefix="/v1", tags=["clients"])

CURSORS: Cursors[UUID] = Cursors("clients", UUID)


@router.post("/clients", status_code=201, summary="Creates a client", response_model=CreatedClient)
async def create(
    body: NewClientBody, request: Request, who: Who, store: Store, why: Why, key: Key = None
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    content = dict(body)
    command = CreateClient(
        client_id=uuid7(),
        agency=who.agency,
        content=content,
        created_by=person(who),
        correlation_id=why.correlation_id,
    )
    scope = f"{who.agency}/{who.sub}/create-client"
    keyed = vault.opened().digest(await request.body())  # a plain digest would let somebody guess a number in it
    idempotency = IdempotencyKey.of(scope, key, keyed) if key else None
    wanted = Wanted.of(content, who.agency, None)
    async with look_ups.limited(store, who.agency, who.sub, look_ups.LookUp(wanted)):
        given = await answer(store, CREATIONS, wanted, command, why, partial(_created, content), idempotency)
    return JSONResponse(given.body, given.status)


@router.get("/clients", summary="The agency's clients, newest first", response_model=ClientPage)
async def list_clients(
    who: Who,
    store: Store,
    q: Annotated[
        str, Query(max_length=200, description="part of the name, an organisation number or an external_ref")
    ] = "",
    status: Annotated[ClientStatus | None, Query(description="only clients in this state")] = None,
    test: Annotated[bool | None, Query(description="only clients of test sources, or only those in earnest")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    who.must_be_staff(*STAFF, "operator")
    words = sought(q)
    narrowed = lists.Sought(words, _org_number(words, store), status, test, await only_of(who, store))
    rows = await lists.page(store, who.agency, narrowed, CURSORS.read(cursor), limit + 1)
    shown, more = CURSORS.page(rows, limit, lambda row: row["client_id"])
    page = ClientPage(items=[listed_client(row) for row in shown], next=more)
    return JSONResponse(page.model_dump(mode="json"))


@router.get(
    "/clients/{client_id:uuid}",
    summary="One client; a person's number is masked",
    response_model=ShownClient,
    dependencies=[Depends(must_see)],
)
async def show(client_id: UUID, who: Who, store: Store) -> JSONResponse:
    who.must_be_staff(*STAFF, "operator")
    row = await lists.one(store, who.agency, client_id)
    if row is None:
        raise NotFound
    return JSONResponse(shown_client(row).model_dump(mode="json"), headers=etag(row["edition"]))


def _created(content: Mapping[str, Any], change: Change[Wanted, Creation]) -> Answer:
    client = change.after.client
    assert client is not None
    return Answer(201, created_client(client, unknown_of_a_person(content)).model_dump(mode="json"))


def _org_number(words: str, store: Store) -> str:
    try:
        return organisation_number(words, swedish_date(store.clock())).canonical
    except NumberInvalid:
        return ""
