"""Routes of imports: a file of new clients is taken in, worked off by a job, and told of row by row."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from chassis.callers import Store, Who, Why
from chassis.failures import NotNow
from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit
from chassis.tokens import Caller
from schemas.errors import Refused
from services.onboarding import importing
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.csv_files import MOST_BYTES, template
from services.onboarding.domain.importing import Import, ImportUnknown, RowStatus
from services.onboarding.store import imports
from services.onboarding.web.drafts import Of
from services.onboarding.web.import_bodies import ImportPage, RowPage, ShownImport, shown_import, shown_row
from services.onboarding.web.staff import STAFF, person

PATH = "/v1/clients/import"
LARGEST_BODIES = {PATH: MOST_BYTES}
MOST_AT_ONCE = 2  # each holds a file of 10 MB, and its rows
MOST_COMING = 20  # each holds what has come of a file
MOST_COMING_OF_ONE = 2  # who sends slowly takes nobody else's place

router = APIRouter(prefix="/v1/clients", tags=["imports"])

CURSORS: Cursors[UUID] = Cursors("imports", UUID)
ROWS: Cursors[int] = Cursors("import-rows", int)

_CSV = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
_coming: list[object] = []
_read: list[object] = []


class NoCsv(Refused):
    """What was sent does not say that it is CSV."""

    code = "unsupported_media_type"


@router.post(
    "/import",
    status_code=202,
    summary="Takes in a file",
    response_model=ShownImport,
    responses={200: {"model": ShownImport, "description": "It was taken in before"}},
    openapi_extra=_CSV,
)
async def take(
    request: Request,
    who: Who,
    store: Store,
    why: Why,
    dry_run: Annotated[bool, Query(description="says what would become of each row, and creates nothing")] = False,
    tried: Annotated[UUID | None, Query(description="the dry run that must have been of this very file")] = None,
) -> JSONResponse:
    """The same file again answers the same import (200) and changes nothing; see GET /v1/clients/import/template."""
    who.must_be_staff(*STAFF)
    charset = _charset(request.headers.get("content-type", ""))
    with _seat(_coming, MOST_COMING, (who.agency, who.sub)):
        sent = await request.body()
        with _seat(_read, MOST_AT_ONCE):
            file = await asyncio.to_thread(importing.read, sent, charset)
        del sent
    async with store.unit_of_work() as uow:
        if tried is not None:
            await importing.must_be_tried(uow, _seen(await imports.read_within(uow, tried), who), file)
        taken, is_new = await importing.start(uow, who.agency, person(who), file, dry_run=dry_run, why=why)
    headers = {"Location": f"/v1/clients/imports/{taken.import_id}"}
    return JSONResponse(shown_import(taken).model_dump(mode="json"), 202 if is_new else 200, headers)


@router.get(
    "/import/template",
    summary="An empty file with all columns",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}},
)
async def empty(who: Who) -> Response:
    who.must_be_staff(*STAFF)
    headers = {"Content-Disposition": 'attachment; filename="clients.csv"'}
    return Response(template().encode(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/imports", summary="One's own imports, newest first", response_model=ImportPage)
async def list_imports(
    who: Who, store: Store, of: Of = "me", limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    if of == "agency" and "agency_admin" not in who.roles:
        raise AgencyAdminRequired
    sub = who.sub if of == "me" else None
    found = await imports.page(store, who.agency, sub, CURSORS.read(cursor), limit + 1)
    items, more = CURSORS.page(found, limit, lambda each: each.import_id)
    return JSONResponse(ImportPage(items=[shown_import(each) for each in items], next=more).model_dump(mode="json"))


@router.get("/imports/{import_id}", summary="How far an import has come", response_model=ShownImport)
async def show(import_id: UUID, who: Who, store: Store) -> JSONResponse:
    who.must_be_staff(*STAFF)
    file = _seen(await imports.read(store, import_id), who)
    return JSONResponse(shown_import(file).model_dump(mode="json"))


@router.get("/imports/{import_id}/rows", summary="What became of each row", response_model=RowPage)
async def rows(
    import_id: UUID,
    who: Who,
    store: Store,
    status: Annotated[RowStatus | None, Query(description="only rows of which this became")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: After = None,
) -> JSONResponse:
    who.must_be_staff(*STAFF)
    file = _seen(await imports.read(store, import_id), who)
    found = await imports.rows_page(store, import_id, ROWS.read(cursor) or 0, status, limit + 1)
    items, more = ROWS.page(found, limit, lambda row: row["number"])
    page = RowPage(items=[shown_row(row, file) for row in items], next=more)
    return JSONResponse(page.model_dump(mode="json"))


def _seen(file: Import | None, who: Caller) -> Import:
    if file is None or not file.visible_to(who.agency, who.sub, agency_admin="agency_admin" in who.roles):
        raise ImportUnknown
    return file


def _charset(content_type: str) -> str | None:
    """What the sender says of the letters; None where it says nothing. Raises NoCsv."""
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower() != "text/csv":
        raise NoCsv
    named: Any = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", parameters, re.IGNORECASE)
    return named[1].lower() if named else None


@contextmanager
def _seat(taken: list[object], most: int, whose: tuple[str, str] | None = None) -> Iterator[None]:
    """One of the few places, of which one person has fewer still. Raises NotNow where all are taken."""
    if len(taken) >= most or (whose is not None and taken.count(whose) >= MOST_COMING_OF_ONE):
        raise NotNow("as many files are being read as there is room for")
    seat = whose or object()
    taken.append(seat)
    try:
        yield
    finally:
        taken.remove(seat)
