"""The stream of statistics: what it tells, and that it ends: with the process, with the token, unread."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from chassis.clock import system_clock
from services.insights.counting import Statistics
from services.insights.domain.facts import Fact
from services.insights.web import shown, stream
from services.insights.web.shown import Answer
from tests.eventually import eventually
from tests.integration.insights.in_process import Asked, serving
from tests.integration.insights.running import Insights


async def test_a_person_has_so_many_streams_and_no_more(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is refused says so; one that ends makes room."""
    _, issuer, client = asked
    monkeypatch.setitem(stream._open, ("byra-ett", "karin"), stream.STREAMS_OF_ONE)
    answer = await client.get("/v1/statistics/stream", headers=issuer.token("karin", "byra-ett", "client_manager"))
    assert answer.json()["code"] == "service_unavailable"


async def test_a_stream_tells_at_once_and_again_when_something_changed_and_ends_with_the_process(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _, _ = asked
    monkeypatch.setattr(stream, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    events = stream._events(context, context.state, "hour", "byra-ett", 60.0)
    assert await anext(events) == stream.RETRY
    assert b'"created":1' in await anext(events)
    assert await anext(events) == stream.HEARTBEAT
    now = context.clock()
    context.state.windows.count("c", now, Fact("created", "byra-ett"), now)
    assert b'"created":2' in await anext(events)
    context.stop.set()
    assert [each async for each in events] == []


async def test_a_stream_ends_when_the_token_of_its_listener_does(asked: Asked) -> None:
    """Else who may see no more goes on seeing: the token is looked at once, and the stream is longer than a request."""
    _, issuer, client = asked
    ends = system_clock() + timedelta(seconds=2)
    token = issuer.token("karin", "byra-ett", "client_manager", exp=ends.timestamp())
    async with asyncio.timeout(30):  # the stream by itself lasts 15 minutes
        answer = await client.get("/v1/statistics/stream", headers=token)
    assert answer.text.count("event: statistics") == 1
    assert system_clock() >= ends
    assert stream._open == {}


async def test_a_listener_who_does_not_read_keeps_no_seat_and_holds_up_nobody(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not read is not made either; when the stream's time is over the seat is free, read or not."""
    context, issuer, _ = asked
    assert isinstance(context.state, Statistics)
    made = 0

    def large(*_: object) -> Answer:
        nonlocal made
        made += 1
        now = context.clock()
        context.state.windows.count(f"{made}", now, Fact("created", "byra-ett"), now)
        told = shown.answer(context.state, "hour", now - stream.PERIOD, now, None)
        told.totals.rejections = {f"code-{number}": number for number in range(20_000)}
        return told

    monkeypatch.setattr(stream, "answer", large)
    monkeypatch.setattr(stream, "EVERY_SECONDS", 0.001)
    monkeypatch.setattr(stream, "STREAM_SECONDS", 3.0)
    monkeypatch.setattr(stream, "GRACE_SECONDS", 0.1)
    async with serving(context) as port:
        deaf, asking = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        token = issuer.token()["Authorization"]
        asking.write(f"GET /v1/statistics/stream HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n".encode())
        assert (await deaf.readline()).startswith(b"HTTP/1.1 200")
        deaf._transport.pause_reading()  # type: ignore[attr-defined]  # and never again

        async def seat_is_free() -> bool:
            assert stream._open == {}
            return made > 0

        await eventually(seat_is_free, within=20)
        assert made < 100  # of some thousand
        asking.transport.abort()


async def test_a_stream_ends_with_the_process_which_ends_in_order(insights: Insights) -> None:
    """Who listens is told by the end of the stream, and holds up nobody."""
    await insights.start()
    async with (
        httpx.AsyncClient(base_url=insights.url, headers=insights.token(), timeout=20) as client,
        client.stream("GET", "/v1/statistics/stream") as answer,
    ):
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        assert await asyncio.to_thread(insights.stop) == 0
        assert [line async for line in lines if line.startswith("event:")] == ["event: statistics"]
