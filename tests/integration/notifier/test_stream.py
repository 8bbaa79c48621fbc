"""PROMISE: an open bell tells what the table says: each new item once and in order, what changed, and the badge."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from chassis import metrics, problems, streams
from chassis.clock import system_clock
from chassis.streams import OF_ONE
from schemas.agency import ConsultantRemovedV1
from schemas.values import Person
from services.notifier import listening
from services.notifier.listening import look
from services.notifier.web import stream
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.integration.notifier.streaming import Reader, served
from tests.integration.notifier.test_bell import items
from tests.unit.notifier.events import activated, consultant, event_of, listed

Open = Callable[..., Awaitable[Reader]]


@pytest.fixture
async def port(running: Running) -> AsyncIterator[int]:
    async with served(running.context) as port:
        yield port


@pytest.fixture
async def opened(running: Running, port: int) -> AsyncIterator[Open]:
    """Opens streams: `await opened(sub="karin", query="?after=3")`, and closes them afterwards."""
    readers: list[Reader] = []

    async def open_one(sub: str = "karin", query: str = "", last_id: int | None = None, **claims: Any) -> Reader:
        reader = Reader(running.token(sub, **claims), last_id=None if last_id is None else str(last_id))
        readers.append(reader)
        return await reader.open(port, query)

    yield open_one
    for each in readers:
        await each.close()


async def ring(running: Running, count: int = 1) -> list[UUID]:
    clients = [uuid4() for _ in range(count)]
    await running.hear(*(listed(each, confirmation_email=f"{each.hex}@e.se") for each in clients))
    return clients


async def test_a_new_item_comes_at_once_as_the_list_shows_it_with_the_badge(running: Running, opened: Open) -> None:
    karin, erik, elsewhere = await opened(), await opened("erik"), await opened(agency="byra-tva")
    await karin.has(counts=1)
    assert karin.badge == {"unseen": 0, "unread": 0}
    await ring(running)
    await karin.has(item=1, counts=2)
    assert karin.of("item") == await items(running)
    assert (karin.badge, karin.last_id) == ({"unseen": 1, "unread": 1}, "1")
    assert karin.head["cache-control"] == "no-store"
    assert 3000 <= karin.retry <= 6000
    assert erik.of("item") == elsewhere.of("item") == []


async def test_a_changed_text_and_another_tab_s_marks_reach_every_tab(running: Running, opened: Open) -> None:
    """The numbers of items that were told do not come again, and the badge is right in all tabs."""
    one, other = await opened(), await opened()
    (client, *_) = await ring(running, 2)
    for tab in (one, other):
        await tab.has(item=2)
    await running.hear(activated(client, Person(sub="erik", name="Erik")))
    for tab in (one, other):
        await tab.has(changed=1)
        assert tab.of("changed")[-1]["text"].startswith("Exempelbolaget AB: aktiverad av Erik ")
    (item, _) = await items(running)
    for act, unread in (("read", 1), ("unread", 2), ("archive", 1)):
        before = len(one.of("changed"))
        assert (await running.post(f"/v1/notifications/{item['id']}/{act}")).status_code == 200
        for tab in (one, other):
            await tab.has(changed=before + 1)
            await eventually(badge_is(tab, unread=unread), within=15)
    assert one.numbers == other.numbers == [1, 2]


def badge_is(tab: Reader, **counts: int) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return tab.badge.items() >= counts.items()

    return probe


async def test_reading_all_tells_every_tab_to_read_anew(running: Running, opened: Open) -> None:
    tab = await opened()
    await ring(running, 3)
    await tab.has(item=3)
    await running.post("/v1/notifications/read-all")
    await tab.has(resync=1)
    await eventually(badge_is(tab, unread=0), within=15)


async def test_a_mark_on_one_replica_reaches_the_streams_of_the_other(running: Running, opened: Open) -> None:
    tab = await opened()
    await ring(running)
    await tab.has(item=1)
    async with served(running.replicas[1]) as port:
        far = await Reader(running.token()).open(port, "?after=0")
        await far.has(item=1)
        (item,) = await items(running)
        await running.post(f"/v1/notifications/{item['id']}/seen")
        await far.has(changed=1, counts=2)
        await eventually(badge_is(far, unseen=0, unread=1), within=15)
        await far.close()


@pytest.mark.parametrize("how", ["?after=2", "Last-Event-ID"])
async def test_whoever_comes_again_is_told_what_came_meanwhile(running: Running, opened: Open, how: str) -> None:
    await ring(running, 5)
    reader = await (opened(query=how) if how[0] == "?" else opened(query="?after=5", last_id=2))
    await reader.has(item=3, counts=1)
    assert reader.numbers == [3, 4, 5]


async def test_whoever_comes_again_is_told_what_became_of_the_newest_items_they_knew(
    running: Running, opened: Open
) -> None:
    (first, *_) = await ring(running, 2)
    await running.hear(activated(first, Person(sub="erik", name="Erik")))
    reader = await opened(last_id=2)
    await reader.has(changed=2)
    assert "aktiverad av Erik" in reader.of("changed")[0]["text"]
    assert reader.numbers == []


@pytest.mark.parametrize(("after", "why"), [(0, "far behind"), (10**9, "beyond the table")])
async def test_whoever_is_too_far_off_is_told_to_read_anew(
    running: Running, opened: Open, after: int, why: str
) -> None:
    resyncs = metrics.STREAM_RESYNCS._value.get()
    await ring(running, stream.FAR + 1)
    reader = await opened(last_id=after)
    await reader.has(resync=1)
    assert (reader.numbers, reader.last_id) == ([], str(stream.FAR + 1))
    assert metrics.STREAM_RESYNCS._value.get() == resyncs + 1
    await ring(running)
    await reader.has(item=1)
    assert reader.numbers == [stream.FAR + 2]


async def test_more_changes_than_are_told_one_by_one_are_one_resync(running: Running, opened: Open) -> None:
    clients = await ring(running, listening.CHANGED_AT_ONCE + 2)
    reader = await opened(query=f"?after={len(clients)}")
    await reader.has(counts=1)
    await running.hear(*(activated(each, Person(sub="erik", name="Erik")) for each in clients))
    await reader.has(resync=1)
    assert len(reader.of("changed")) <= listening.CHANGED_AT_ONCE


async def test_a_poke_that_never_came_only_delays(running: Running, opened: Open) -> None:
    reader = await opened()
    await reader.has(counts=1)
    ids = await running.rows(
        """insert into bells (id, client_id, agency, kind, cause_id, client_name, test, audience, waiting,
             correlation_id, created_at)
           values (gen_random_uuid(), gen_random_uuid(), 'byra-ett', 'client_listed', 'x', 'B', false, 'creator',
             false, 'c', now()) returning id"""
    )
    await running.rows("insert into bell_counters values ('byra-ett', 'karin', 1)")
    await running.rows(
        """insert into notifications (id, bell_id, agency, sub, seq, created_at)
           values ($1, $1, 'byra-ett', 'karin', 1, now())""",
        ids[0]["id"],
    )
    await look(running.context)
    await reader.has(item=1)


async def test_a_sixth_stream_of_one_person_is_refused_and_one_that_ends_makes_room(
    running: Running, opened: Open
) -> None:
    tabs = [await opened() for _ in range(OF_ONE)]
    refused = await opened()
    assert (refused.status, orjson.loads(refused.body)["code"]) == (429, "too_many_streams")
    assert int(refused.head["retry-after"]) > 0
    assert (await opened("erik")).status == 200
    assert metrics.STREAMS._value.get() >= OF_ONE + 1
    await tabs[0].close()

    async def there_is_room() -> bool:
        return (await opened()).status == 200

    await eventually(there_is_room, within=10)


async def test_open_streams_use_up_none_of_the_places_of_requests(
    running: Running, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "REQUESTS_AT_ONCE", 2)
    tabs = [await opened(sub) for sub in ("karin", "karin", "erik", "anna")]
    assert [tab.status for tab in tabs] == [200] * 4
    for tab in tabs:
        await tab.has(counts=1)


async def test_a_stream_ends_with_its_token(running: Running, opened: Open) -> None:
    now = int(system_clock().timestamp())
    short, long = await opened(exp=now - 24), await opened()
    assert short.status == 200
    await short.ends(within=30)
    assert not long.ended


async def test_whoever_leaves_the_agency_hears_no_more_and_is_not_let_in_again(running: Running, opened: Open) -> None:
    await running.hear(consultant("karin", "client_manager"))
    reader = await opened()
    await reader.has(counts=1)
    await running.hear(event_of(ConsultantRemovedV1(agency="byra-ett", sub="karin"), 2))
    await reader.ends()
    again = await opened()
    await again.ends()
    assert ([name for name, _ in again.events], again.retry) == (["gone"], 86_400_000)


async def test_what_is_silent_is_kept_open_by_comments(
    running: Running, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    reader = await opened()

    async def spoken() -> bool:
        return reader.comments > 1

    await eventually(spoken, within=10)


async def test_a_stream_that_must_wait_for_the_table_is_kept_open_by_comments(
    running: Running, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: Postgres hangs, nothing is said meanwhile, and whatever stands between cuts all streams."""
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    reader = await opened()
    await reader.has(counts=1)
    async with AsyncExitStack() as looks:
        for _ in range(stream.LOOKS_AT_ONCE):
            await looks.enter_async_context(stream._looks)
        await ring(running)
        before = reader.comments

        async def goes_on() -> bool:
            return reader.comments > before + 2

        await eventually(goes_on, within=10)
        assert reader.of("item") == []
    await reader.has(item=1)


async def test_streams_go_on_when_the_database_comes_back(running: Running, opened: Open) -> None:
    reader = await opened()
    await reader.has(counts=1)
    await ring(running)
    await reader.has(item=1)
    await running.rows(
        """select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and usename = current_user and pid <> pg_backend_pid()"""
    )
    await reader.has(resync=1)  # the line was laid anew: what was poked meanwhile is unknown
    await ring(running)
    await reader.has(item=2)
    assert (reader.numbers, reader.connections) == ([1, 2], 1)


@pytest.mark.parametrize(("deadline", "other"), [("SEND_SECONDS", "DEAD_SECONDS"), ("DEAD_SECONDS", "SEND_SECONDS")])
async def test_a_reader_who_does_not_read_is_cut_and_the_others_hear_on(
    running: Running, port: int, opened: Open, monkeypatch: pytest.MonkeyPatch, deadline: str, other: str
) -> None:
    """Without our deadline and the kernel's the stream of one who does not read would keep its place for good."""
    monkeypatch.setattr(streams, deadline, 1.0)
    monkeypatch.setattr(streams, other, 600.0)
    asleep = await Reader(running.token("karin")).open(port, read=False)
    awake = await opened("karin")
    person = ("byra-ett", "karin")
    assert len(running.context.streams.of(person)) == 2

    async def cut() -> bool:
        await ring(running, stream.FAR)
        await running.post("/v1/notifications/read-all")
        return len(running.context.streams.of(person)) == 1

    await eventually(cut, within=60)
    await ring(running)
    last = (await items(running))[0]["seq"]

    async def told() -> bool:
        return awake.last_id == str(last)

    await eventually(told, within=15)
    await asleep.close()
