"""Counts and percentiles equal what SQL says of the same events: at first, after a kill, and after a rebuild."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import httpx
import pytest
from confluent_kafka import ConsumerGroupState, KafkaException
from confluent_kafka.admin import AdminClient

from chassis import kafka
from chassis.clock import system_clock
from chassis.settings import CommonSettings
from services.insights.domain.waits import RELATIVE_ERROR
from services.insights.politeness import NICENESS
from services.insights.statistics import GROUPS
from tests.eventually import eventually
from tests.infrastructure import Infrastructure
from tests.integration.insights.conftest import topics_of_their_own
from tests.integration.insights.history import History, Past
from tests.integration.insights.running import Insights

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Going: TypeAlias = "asyncio.Task[None]"

EVENTS = 20_000
MIXED = 7
LARGEST_RESIDENT_MEGABYTES = 140


@pytest.fixture
async def truth(infra: Infrastructure) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(infra.superuser_dsn)
    yield connection
    await connection.close()


def plain(window: dict[str, Any]) -> dict[str, int]:
    """A window's numbers under the names that the truth has, zeros left out."""
    numbers = {name: window[name] for name in ("created", "listed", "activated", "configured", "cancelled")}
    numbers |= {f"mails.{name}": count for name, count in window["mails"].items()}
    numbers |= {f"rejections.{code}": count for code, count in window["rejections"].items()}
    return {name: count for name, count in numbers.items() if count}


async def true_counts(truth: Connection, window: str, agency: str | None) -> dict[datetime, dict[str, int]]:
    rows = await truth.fetch(
        """select date_trunc($1, at at time zone 'UTC') at time zone 'UTC' as begin, what, count(*) as count from truth
            where $2::text is null or agency = $2 group by 1, 2""",
        window,
        agency,
    )
    found: dict[datetime, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["begin"], {})[row["what"]] = row["count"]
    return found


async def true_wait(truth: Connection, stage: str, agency: str | None, share: float) -> float:
    """The wait at the rank that a percentile is defined by."""
    found = await truth.fetchval(
        """select percentile_disc($3::float8) within group (order by seconds)
             from truth where stage = $1 and ($2::text is null or agency = $2)""",
        stage,
        agency,
        share,
    )
    return float(found)


async def equals_sql(insights: Insights, truth: Connection) -> None:
    """All windows of all agencies together and of one, and all percentiles."""
    begin = await truth.fetchval("select min(at) from truth")
    for agency in (None, "byra-7"):
        query = {"agency": agency} if agency else {}
        answer = await insights.get("/v1/statistics", **query, **{"from": begin.isoformat()})
        windows = {"hour": answer["windows"], "minute": await minutes(insights, begin, query)}
        for window, found in windows.items():
            shown = {datetime.fromisoformat(each["begin"]): plain(each) for each in found}
            assert shown == await true_counts(truth, window, agency)
        for stage in ("listed", "activated"):
            times = answer["times"][f"to_{stage}"]
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
                wait = await true_wait(truth, stage, agency, share)
                assert times[f"{name}_seconds"] == pytest.approx(wait, rel=RELATIVE_ERROR * 1.001)


async def minutes(insights: Insights, begin: datetime, query: dict[str, str]) -> list[dict[str, Any]]:
    """Asked for day by day, which is the most there is at once."""
    found = []
    while begin < system_clock():
        end = begin + timedelta(days=1)
        period = {"from": begin.isoformat(), "to": end.isoformat()}
        found += (await insights.get("/v1/statistics", window="minute", **period, **query))["windows"]
        begin = end
    return found


@dataclass
class Away:
    """Insights that was away, and what was sent meanwhile."""

    insights: Insights
    sent: list[History] = field(default_factory=list)

    async def go(self) -> None:
        """Reads some, is killed, then stopped until Kafka gives its place away; comes back each time, as events do."""
        before, killed, stopped = Past(MIXED).history(1000), *(Past(seed, hours=1 / 6).history(2000) for seed in (8, 9))
        await asyncio.gather(self.insights.start(), self._say(before))
        await self.has_read()
        self.insights.kill()
        await self._say(killed)
        await self.insights.start()
        await self.has_read()
        with self.insights.stopped():
            await self._say(stopped)
            await eventually(partial(has_no_members, self.insights.common), within=60, every=0.5)
        await self.has_read()

    async def has_read(self) -> None:
        """All that was sent."""
        await self.insights.has_read(sum(len(each.records) for each in self.sent))

    async def _say(self, history: History) -> None:
        self.sent.append(history)
        await history.send(self.insights.common)


@pytest.fixture(scope="module")
async def away(infra: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Away, Going]]:
    """It, and its going: begun beside the tests before, since Kafka waits ten seconds for who says nothing."""
    with Insights.of(await topics_of_their_own(infra), tmp_path_factory.mktemp("away")).ended() as insights:
        it = Away(insights)
        going = asyncio.ensure_future(it.go())
        yield it, going
        going.cancel()
        await asyncio.wait([going])


@pytest.mark.usefixtures("away")
async def test_counts_equal_sql_and_do_so_again_after_a_kill(
    insights: Insights, common: CommonSettings, truth: Connection
) -> None:
    """Each event once, in the window of its own time; what is broken or of a wrong clock changes nothing else.

    Repeats counted twice, windows by arrival, a commit that is believed at the next start, or a future event that
    moves what is kept would break it.
    """
    insights.launch()
    past = Past(MIXED).history(EVENTS)
    await asyncio.gather(insights.ready(), past.store(truth), past.send(common))
    status = await insights.has_read(len(past.records))
    left_out = [sum(each.get(name, 0) for each in status["outcomes"].values()) for name in OUTCOMES]
    assert left_out == [EVENTS, EVENTS // 20, *[EVENTS // 100 * times for times in (1, 1, 1, 3)]]
    await equals_sql(insights, truth)

    insights.kill()
    await insights.start()
    await insights.has_read(len(past.records))
    await equals_sql(insights, truth)


OUTCOMES = ("counted", "repeated", "ahead", "too_old", "ignored", "unreadable")


async def has_no_members(common: CommonSettings) -> bool:
    """Whether nobody reads for insights, as Kafka sees it."""
    states = await asyncio.to_thread(states_of_groups, common)
    assert states == {ConsumerGroupState.EMPTY}
    return True


def states_of_groups(common: CommonSettings) -> set[ConsumerGroupState]:
    """Of the groups of insights that Kafka knows; none where it does not answer."""
    client = AdminClient({"bootstrap.servers": common.kafka_bootstrap})
    try:
        listed = client.list_consumer_groups(request_timeout=10).result(12)
    except (TimeoutError, KafkaException):
        return set()
    return {each.state for each in listed.valid if each.group_id.startswith(common.topic_prefix + GROUPS)}


async def test_each_of_two_processes_counts_all(
    insights: Insights, common: CommonSettings, truth: Connection, tmp_path: Path
) -> None:
    """Members of one group would share the partitions, and each show a part as if it were all."""
    past = Past(MIXED).history(2000)
    (tmp_path / "second").mkdir()
    with Insights.of(common, tmp_path / "second").ended() as second:
        await asyncio.gather(insights.start(), second.start(), past.store(truth), past.send(common))
        for each in (insights, second):
            await each.has_read(len(past.records))
            await equals_sql(each, truth)
        insights.kill()
        more = Past(8).history(500)
        await more.send(common)
        await second.has_read(len(past.records) + len(more.records))


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_million_events_of_two_days_fit_into_140_megabytes(insights: Insights, common: CommonSettings) -> None:
    """Windows are small, and those that are over go."""
    past = Past(MIXED, agencies=50, hours=47)
    await insights.start()
    for sent in range(1, 11):
        part: History = past.history(100_000, repeated=0)
        await part.send(common)
        await insights.has_read(sent * len(part.records), within=900)
    assert insights.resident_megabytes() <= LARGEST_RESIDENT_MEGABYTES


async def test_a_rebuild_counts_the_same_and_a_new_source_is_heard_without_a_restart(
    insights: Insights, common: CommonSettings, truth: Connection
) -> None:
    """A source's results come on a topic of its own, which there was not when reading began."""
    past = Past(MIXED)
    some = past.history(500)
    record, row = past.one("onboarding.rejected")
    some.rows.append(row)
    await asyncio.gather(insights.start(), some.store(truth), some.send(common))
    await insights.has_read(len(some.records))
    await kafka.create_topics(common, [("onboarding-results-bolag", 1)])
    await History([("onboarding-results-bolag", *record[1:])], [], 0).send(common)
    await insights.has_read(len(some.records) + 1)
    await equals_sql(insights, truth)

    await insights.rebuild()
    await insights.has_read(len(some.records) + 1)
    await equals_sql(insights, truth)


async def test_a_stream_ends_with_the_process_which_ends_in_order(insights: Insights) -> None:
    """Who listens is told by the end of the stream, and holds up nobody."""
    await insights.start()
    async with (
        httpx.AsyncClient(base_url=insights.url, headers=insights.token(), timeout=20) as client,
        client.stream("GET", "/v1/statistics/stream") as answer,
    ):
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry: ")
        assert await asyncio.to_thread(insights.stop) == 0
        assert [line async for line in lines if line.startswith("event:")] == ["event: statistics"]


async def test_what_was_said_while_insights_was_away_is_counted_when_it_comes_back(
    away: tuple[Away, Going], truth: Connection
) -> None:
    """Ten minutes of events while it is killed, then while it is stopped so long that Kafka gives its place away."""
    it, going = away
    await going
    await History([], [row for each in it.sent for row in each.rows], 0).store(truth)
    await equals_sql(it.insights, truth)


async def test_it_gives_way_to_all_others_and_reads_and_ends_all_the_same(
    common: CommonSettings, tmp_path: Path
) -> None:
    """Niceness counts within a session where Linux weighs sessions against each other: its session is nice too."""
    past = Past(seed=1, hours=1)
    await History([past.one("email.sent")[0] for _ in range(200)], [], 0).send(common)
    sent_at = system_clock()
    with Insights.of(common, tmp_path, gives_way=True).ended() as insights:
        await insights.start()
        await insights.has_read(200, since=sent_at)
        assert niceness_of(insights) == {NICENESS}
        assert await asyncio.to_thread(insights.stop) == 0


def niceness_of(insights: Insights) -> set[int]:
    """The process's, and its session's where sessions have one."""
    assert insights.process is not None
    process, session = insights.process.pid, Path(f"/proc/{insights.process.pid}/autogroup")
    found = {os.getpriority(os.PRIO_PROCESS, process)}
    return found | {int(session.read_text().split()[-1])} if session.exists() else found
