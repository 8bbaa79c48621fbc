"""Routes of a client's history: who did what and what was refused, page by page, or whole as CSV or JSON lines."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, StreamingResponse

from chassis.paging import DEFAULT_LIMIT, After, Cursors, Limit, Moment
from services.activation.store import history
from services.activation.web.act_names import EXPLAINED, ActName
from services.activation.web.acting import Does
from services.activation.web.shapes.history import History
from services.activation.web.shapes.refusals import REFUSALS

router = APIRouter(prefix="/v1/clients/{client_id}/history", tags=["history"], responses=REFUSALS)

CURSORS: Cursors[int] = Cursors("history", int)
NEWEST = 2**63 - 1
AT_ONCE = 500
MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson"}
COLUMNS = (
    "history_id",
    "at",
    "act",
    "by",
    "acting_as",
    "correlation_id",
    "refused",
    "reason",
    "kind",
    "user_id",
    "program",
    "part",
    "before",
    "after",
    "own",
)


async def wanted(
    user_id: Annotated[UUID | None, Query(description="changes of this user")] = None,
    by: Annotated[
        str | None, Query(max_length=255, pattern=r"^[^\x00-\x1f]*$", description="acts of this subject")
    ] = None,
    act: Annotated[ActName | None, Query(description=EXPLAINED)] = None,
    refused: Annotated[bool | None, Query(description="refused tries alone, or all but these")] = None,
    since: Annotated[Moment | None, Query(description="not before this moment")] = None,
    until: Annotated[Moment | None, Query(description="before this moment")] = None,
) -> history.Wanted:
    """Which entries a request asks for."""
    return history.Wanted(user_id, by, act, refused, since, until)


Filter = Annotated[history.Wanted, Depends(wanted)]


@router.get("", summary="What was done and what was refused, newest first", response_model=History)
async def page(
    client_id: UUID, does: Does, which: Filter, limit: Limit = DEFAULT_LIMIT, cursor: After = None
) -> JSONResponse:
    await does.looked_at(client_id)
    before = CURSORS.read(cursor) or NEWEST
    rows = await history.page(does.context.database, client_id, before, limit + 1, which)
    shown, more = CURSORS.page(rows, limit, lambda row: row["history_id"])
    return JSONResponse({"items": [history.shown(row) for row in shown], "next": more})


@router.get(
    "/export",
    summary="The whole history as a file, newest first",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A line for each entry; `json` is one object a line.",
            "content": {each: {"schema": {"type": "string"}} for each in MEDIA.values()},
        }
    },
)
async def export(
    client_id: UUID,
    does: Does,
    which: Filter,
    form: Annotated[Literal["csv", "json"], Query(alias="format")] = "csv",
) -> StreamingResponse:
    await does.looked_at(client_id)
    lines = _csv if form == "csv" else _json
    name = f"history-{client_id}.{'csv' if form == 'csv' else 'ndjson'}"
    return StreamingResponse(
        lines(_entries(does, client_id, which)),
        media_type=MEDIA[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _entries(does: Does, client_id: UUID, which: history.Wanted) -> AsyncIterator[dict[str, Any]]:
    before = NEWEST
    while rows := await history.page(does.context.database, client_id, before, AT_ONCE, which):
        for row in rows:
            yield history.shown(row)
        before = rows[-1]["history_id"]


async def _json(entries: AsyncIterator[dict[str, Any]]) -> AsyncIterator[bytes]:
    async for each in entries:
        yield orjson.dumps(each) + b"\n"


async def _csv(entries: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    yield _line(COLUMNS)
    async for each in entries:
        yield _line([_cell(each[name]) for name in COLUMNS])


def _line(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    """A value as text; one that a spreadsheet would take for a formula gets a quotation mark before it."""
    text = orjson.dumps(value).decode() if isinstance(value, dict | list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
