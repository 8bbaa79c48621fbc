"""What streams of statistics tell and when, what they cost, and where they end."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack
from datetime import timedelta

import pytest

from chassis.extents import Extent
from chassis.streams import HEARTBEAT, OF_ONE
from services.insights import pacing
from services.insights.counting import LATE
from services.insights.domain.facts import Fact
from services.insights.web import stream
from tests.eventually import eventually
from tests.integration.insights.conftest import Asked

KARIN = ("byra-ett", "karin")


@pytest.mark.parametrize(
    ("subs", "code"),
    [(["karin"] * OF_ONE, "too_many_streams"), (map(str, range(stream.AT_ONCE)), "service_unavailable")],
)
async def test_a_person_and_a_process_have_so_many_streams_and_no_more(
    asked: Asked, subs: Iterable[str], code: str
) -> None:
    context, issuer, client = asked
    with ExitStack() as opened:
        for sub in subs:
            opened.enter_context(context.streams.opened(("byra-ett", sub), stream.AT_ONCE))
        answer = await client.get("/v1/statistics/stream", headers=issuer.token("karin", "byra-ett", "client_manager"))
        assert answer.json()["code"] == code
    assert context.streams.count == 0


@pytest.fixture
async def told(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncIterator[bytes]]:
    """What a stream of byra-ett's hours tells after the first client, without waiting long."""
    context, _, _ = asked
    now = context.clock()
    context.state.clock = lambda: now  # at the turn of an hour it would tell again
    monkeypatch.setattr(stream, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    events = stream._events(context.state, KARIN, "hour", "byra-ett")
    assert (await anext(events)).startswith(b"retry: ")
    assert b'"created":1' in await anext(events)
    yield events
    await events.aclose()


async def test_a_stream_tells_at_once_and_again_when_something_changed(
    asked: Asked, told: AsyncIterator[bytes]
) -> None:
    assert await anext(told) == HEARTBEAT
    context, _, _ = asked
    now = context.clock()
    context.state.windows.count("c", now, Fact("created", "byra-ett"), now)
    assert b'"created":2' in await anext(told)


async def test_a_stream_says_nothing_of_what_happens_at_others(asked: Asked, told: AsyncIterator[bytes]) -> None:
    """Red where an agency's stream shows by its answers when another one has an event."""
    context, _, _ = asked
    now = context.clock()
    context.state.windows.count("c", now, Fact("created", "byra-tva"), now)
    assert [await anext(told) for _ in range(3)] == [HEARTBEAT] * 3


async def test_a_stream_tells_of_what_has_left_its_period_though_nothing_comes(
    asked: Asked, told: AsyncIterator[bytes]
) -> None:
    context, _, _ = asked
    later = context.clock() + stream.PERIOD + timedelta(hours=1)
    context.state.clock = lambda: later
    assert b'"created":0' in await anext(told)
    assert await anext(told) == HEARTBEAT


async def test_a_stream_tells_when_what_it_shows_grows_late_and_when_it_is_not_any_more(
    asked: Asked, told: AsyncIterator[bytes]
) -> None:
    context, _, _ = asked
    now = context.clock()
    place = ("client-events", 0)
    context.state.begin(now, {place: Extent(0, 0)})
    assert f'"as_of":"{now:%Y-%m-%dT%H:%M}'.encode() in await anext(told)
    later = now + LATE + timedelta(seconds=1)
    context.state.clock = lambda: later
    late = await anext(told)
    assert f'"as_of":"{now:%Y-%m-%dT%H:%M}'.encode() in late
    assert b'"late":true' in late
    context.state.looked(later, {place: 0})
    assert f'"as_of":"{later:%Y-%m-%dT%H:%M}'.encode() in await anext(told)


async def test_what_streams_tell_costs_the_counting_a_share_of_the_time_and_no_more(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: some people's streams of many windows, each made anew every second, or a stream that is opened
    again whenever it has told, and nothing is counted."""
    context, _, _ = asked
    monkeypatch.setattr(stream, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(pacing, "SHARE", 1e-9)
    first, again, erik = (
        stream._events(context.state, ("byra-ett", sub), "minute", "byra-ett") for sub in ("karin", "karin", "erik")
    )
    for events in (first, again, erik):
        assert (await anext(events)).startswith(b"retry: ")
    assert b'"created":1' in await anext(first)
    now = context.clock()
    context.state.windows.count("c", now, Fact("created", "byra-ett"), now)
    assert [await anext(first) for _ in range(3)] == [HEARTBEAT] * 3
    await first.aclose()
    assert [await anext(again) for _ in range(3)] == [HEARTBEAT] * 3
    assert b'"created":2' in await anext(erik)
    for events in (again, erik):
        await events.aclose()


async def test_people_of_two_agencies_with_one_name_have_a_pace_each(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are unique within an agency: one that is heard much would keep the other's namesake waiting."""
    context, issuer, client = asked
    monkeypatch.setattr(pacing, "SHARE", 1e-9)
    tokens = [issuer.token("karin", agency, "client_manager") for agency in ("byra-ett", "byra-tva")]
    listening = [asyncio.ensure_future(client.get("/v1/statistics/stream", headers=token)) for token in tokens]

    async def both_are_told() -> bool:
        return len(context.state.stream_paces._due) == len(listening)

    await eventually(both_are_told, within=10)
    context.stop.set()
    answers = [(await each).text for each in listening]
    assert [answer.count("event: statistics") for answer in answers] == [1, 1]


async def test_streams_end_with_the_process(asked: Asked) -> None:
    context, issuer, client = asked
    context.stop.set()
    answer = await client.get("/v1/statistics/stream", headers=issuer.token("karin", "byra-ett", "client_manager"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert context.streams.count == 0
