"""How statistics are shown: the answer of the route and of the stream, and who may see whose."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from chassis.callers import Who
from chassis.stateless import StatelessContext
from chassis.tokens import Caller, NotAllowed
from schemas.errors import Pointed
from services.insights.counting import Statistics
from services.insights.domain.facts import REJECTED, STAGES
from services.insights.domain.waits import RELATIVE_ERROR
from services.insights.domain.windows import SECONDS, Counts, Window

STAFF = ("client_manager", "agency_admin")


class Mails(BaseModel):
    """Mails by what became of them."""

    sent: int
    failed: int
    unknown: int


class Numbers(BaseModel):
    """How many events of each kind."""

    created: int
    listed: int
    activated: int
    configured: int
    cancelled: int
    mails: Mails
    rejections: dict[str, int] = Field(description="by code")


class Shown(Numbers):
    """One window."""

    begin: datetime
    end: datetime


class Percentiles(BaseModel):
    """Waits from a client's creation, in seconds; percentiles are at most `relative_error` off."""

    count: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    max_seconds: float
    relative_error: float = RELATIVE_ERROR


class Times(BaseModel):
    """From a client's creation to the list, and to the arrow; null where there were none."""

    to_listed: Percentiles | None
    to_activated: Percentiles | None


class Answer(BaseModel):
    """Statistics by event time. A window without events is left out."""

    begin: datetime
    end: datetime
    agency: str | None = Field(description="null: all agencies together")
    window: Window
    kept_since: datetime = Field(description="nothing is known of what was before")
    complete: bool = Field(description="false while topics are read again: counts are then too low")
    as_of: datetime | None = Field(description="what the topics had by then is counted; null until `complete`")
    late: bool = Field(description="whether `as_of` is null or more than two minutes ago")
    totals: Numbers
    times: Times = Field(description="of the whole hours that the period touches")
    windows: list[Shown]


async def opened(request: Request) -> StatelessContext:
    context = request.app.state.context
    assert isinstance(context, StatelessContext)
    return context


async def statistics(context: Annotated[StatelessContext, Depends(opened)]) -> Statistics:
    assert isinstance(context.state, Statistics)
    return context.state


async def whose(
    who: Who,
    agency: Annotated[
        str | None,
        Query(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]*$", description="operators: one agency, else all"),
    ] = None,
) -> str | None:
    """The agency whose statistics the caller may see; None for all. Raises NotAllowed."""
    return allowed(who, agency)


def allowed(who: Caller, agency: str | None) -> str | None:
    """Operators see all and may ask for one; staff see their own agency; a client's own users see none.

    Raises NotAllowed.
    """
    if who.client is None and "operator" in who.roles:
        return agency
    who.must_be_staff(*STAFF)
    if agency not in {None, who.agency}:
        raise NotAllowed([Pointed("/agency", NotAllowed.code, "query")])
    return who.agency


Opened = Annotated[StatelessContext, Depends(opened)]
Kept = Annotated[Statistics, Depends(statistics)]
Whose = Annotated[str | None, Depends(whose)]


def answer(kept: Statistics, window: Window, begin: datetime, end: datetime, agency: str | None) -> Answer:
    """The period's whole windows, from the one that holds `begin` to the one before `end`."""
    step = timedelta(seconds=SECONDS[window])
    windows = kept.windows.counts(window, begin, end, agency)
    waits = {stage: kept.windows.waits(begin, end, agency, stage).percentiles() for stage in STAGES}
    return Answer(
        begin=begin,
        end=end,
        agency=agency,
        window=window,
        kept_since=kept.windows.since(kept.clock()),
        complete=kept.complete,
        as_of=kept.as_of,
        late=kept.late,
        totals=Numbers(**_numbers(sum(windows.values(), Counts()))),
        times=Times(**{f"to_{stage}": _percentiles(each) for stage, each in waits.items()}),
        windows=[Shown(begin=at, end=at + step, **_numbers(counts)) for at, counts in windows.items()],
    )


def _percentiles(found: Any) -> Percentiles | None:
    return found and Percentiles.model_validate(found, from_attributes=True)


def _numbers(counts: Counts) -> dict[str, Any]:
    plain = ("created", "listed", "activated", "configured", "cancelled")
    return {
        **{name: counts[name] for name in plain},
        "mails": Mails(sent=counts["mails.sent"], failed=counts["mails.failed"], unknown=counts["mails.unknown"]),
        "rejections": {
            what.removeprefix(REJECTED): count for what, count in sorted(counts.items()) if what.startswith(REJECTED)
        },
    }
