"""The route that tells how it flowed in a period."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from chassis.callers import Who
from chassis.paging import Date
from schemas.errors import Pointed, Refused
from services.insights.domain.windows import Window
from services.insights.web.shown import Answer, Kept, Whose, answer

router = APIRouter(prefix="/v1/statistics", tags=["statistics"])

DAY = timedelta(hours=24)
"""Shown without a `from`, and at most by the minute: one answer holds up the counting, the more it shows the longer."""
FIRST = datetime.min.replace(tzinfo=UTC)


class PeriodIsEmpty(Refused):
    """The period begins where it ends, or after."""

    code = "invalid_content"


class PeriodIsTooLong(Refused):
    """The period has more minutes than are shown at once."""

    code = "invalid_content"


@router.get("", summary="What happened in a period, by hour, or by minute for a day at most", response_model=Answer)
async def show_statistics(
    who: Who,
    kept: Kept,
    agency: Whose,
    begin: Annotated[Date | None, Query(alias="from", description="without: 24 hours before `to`")] = None,
    end: Annotated[Date | None, Query(alias="to", description="without: now")] = None,
    window: Annotated[Window, Query()] = "hour",
) -> Response:
    until = end or kept.clock()
    since = begin or until - min(DAY, until - FIRST)
    if since >= until:
        raise PeriodIsEmpty([Pointed("/from", "empty_period", "query")])
    if window == "minute" and until - since > DAY:
        raise PeriodIsTooLong([Pointed("/from", "period_too_long", "query")])
    told = await kept.paces.made(
        (who.agency, who.sub), lambda: answer(kept, window, since, until, agency).model_dump_json()
    )
    return Response(told, media_type="application/json")
