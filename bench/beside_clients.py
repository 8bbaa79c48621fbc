"""What one new client costs beside few and beside many stored ones: both stand ready, and take turns."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bench import events
from bench.contestants.bare_route import TABLE
from bench.creates import LANES, REQUESTS, post_all, requested
from bench.goals import Goal, ratio
from bench.growth import touched
from bench.measuring import Usage, middle, watch_offsets
from bench.report import Part
from bench.servers import PARTITIONS, Servers, database_of
from chassis.ids import uuid7
from tests.system.numbers import organisation_numbers
from tests.system.rig import Replica, Rig

TURNS = 3

FILL = (
    """insert into clients (client_id, version, agency, status, name, name_key, identity_kind, org_number,
         identity_mask, protected_identity, street, postal_code, city, country, program_access, invoice_recipient,
         invoice_interval, counts, confirmation_email, locale, origin, test, external_ref, confirmed_duplicate,
         created_at, correlation_id, source, request_id)
       select uuidv7(make_interval(secs => n - 2e6)), 1, 'byra-' || n % 50, 'listed', 'Bolaget ' || n || ' AB',
              'bolaget ' || n || ' ab', 'organisation', '167' || lpad(n::text, 9, '0'), '7', false, 'Storgatan 1',
              '35230', 'Växjö', 'SE', true, 'agency', 'quarter', '{{"bookkeeping": 2, "invoicing": 1}}',
              'info' || n || '@example.se', 'sv', 'event', false, 'kund-' || n, false,
              now() - make_interval(secs => 2e6 - n), 'c-' || n, '/upstream/demo', uuidv7()::text
         from generate_series(1, {rows}) n""",
    """insert into requests (source, request_id, digest, correlation_id, results_topic, agency, external_ref,
         received_at, client_id, retryable)
       select source, request_id, sha256(request_id::bytea), correlation_id, 'onboarding-results', agency,
              external_ref, created_at, client_id, false from clients""",
    "vacuum analyze",
)


@dataclass(frozen=True)
class Cost:
    """Of one create, in CPU seconds and shared buffers."""

    cpu: float
    buffers: float


Costs = dict[tuple[str, int], list[Cost]]
"""By an event or over HTTP, beside so many: what each turn cost."""


@dataclass
class Place:
    """A service that stands ready, and how many requests its topic has had."""

    rig: Rig
    replica: Replica
    numbers: Iterator[str]
    sent: int = 0


@asynccontextmanager
async def onboarding(servers: Servers, rows: int = 0) -> AsyncIterator[tuple[Rig, Replica]]:
    """The service on a database of its own, in which so many clients are stored."""
    name = f"crt{uuid7().hex[-8:]}-"
    folder = servers.folder / name
    folder.mkdir()
    rig = await Rig.build(servers.infra, name, folder, partitions=PARTITIONS)
    database = database_of(rig.databases["onboarding"])
    filling = tuple(step.format(rows=rows) for step in FILL) if rows else ()
    await servers.superuser(*filling, TABLE, "grant insert on bare to public", database=database)
    try:
        replica = await rig.start("onboarding")
        await rig.directory()
        await servers.settle()
        yield rig, replica
    finally:
        await asyncio.to_thread(rig.stop)
        for dsn in rig.databases.values():
            await servers.drop(dsn)


async def costs(servers: Servers, sizes: Sequence[int], count: int) -> Costs:
    """The same turns beside each number of clients, the order turned round, so that all have the same machine.

    One after the other, whatever else the machine did meanwhile was taken for a price of the size.
    """
    found: Costs = {}
    async with AsyncExitStack() as stack:
        places = {}
        for rows in sizes:
            places[rows] = Place(*await stack.enter_async_context(onboarding(servers, rows)), organisation_numbers())
            await _over_http(places[rows], 300)
        for turn in range(TURNS):
            for rows in sizes if turn % 2 == 0 else sizes[::-1]:
                for kind in ("event", "HTTP"):
                    found.setdefault((kind, rows), []).append(await _one(servers, places[rows], kind, count))
    return found


async def _one(servers: Servers, place: Place, kind: str, count: int) -> Cost:
    await servers.settle()
    await servers.superuser("select pg_stat_statements_reset()")
    cpu = await (_by_events(servers, place, count) if kind == "event" else _by_http(servers, place, count // 2))
    buffers, _ = await touched(servers, database_of(place.rig.databases["onboarding"]))
    return Cost(cpu, buffers / (count if kind == "event" else count // 2))


async def _by_events(servers: Servers, place: Place, count: int) -> float:
    """From a topic that fills while it is watched: a few thousand may be decided before a later look at them."""
    messages = [requested(next(place.numbers)) for _ in range(count)]
    before, place.sent = place.sent, place.sent + count
    dsn = place.rig.databases["onboarding"]
    watching = asyncio.create_task(watch_offsets(servers, [place.replica.process], dsn, place.sent, before))
    topic = place.rig.common.topic_prefix + REQUESTS
    await asyncio.to_thread(events.fill, servers.infra.kafka, topic, messages)
    measured = await watching
    return (measured.python + measured.postgres) / measured.events


async def _by_http(servers: Servers, place: Place, count: int) -> float:
    before = Usage.now(servers, [place.replica.process])
    await _over_http(place, count)
    after = Usage.now(servers, [place.replica.process])
    return (after.python - before.python + after.postgres - before.postgres) / count


async def _over_http(place: Place, count: int) -> None:
    await post_all(place.replica.port, place.rig.token("karin"), place.numbers, LANES, count=count)


def report(part: Part, found: Costs) -> None:
    """Adds a table, and the goals. Buffers are the first turn's: with each, the few become more."""
    part.table += ["", "| create by | stored | µs CPU (least–largest) | buffers |", "|---|---|---|---|"]
    for (kind, rows), turns in sorted(found.items()):
        cpu, least, largest = (1e6 * each for each in middle([turn.cpu for turn in turns]))
        part.table.append(f"| {kind} | {rows:,} | {cpu:.0f} ({least:.0f}–{largest:.0f}) | {turns[0].buffers:.1f} |")
    sizes = sorted({rows for _, rows in found})
    for kind in ("event", "HTTP"):
        few, many = found[kind, sizes[0]], found[kind, sizes[-1]]
        beside = f"of a create by {kind}, {sizes[-1]:,} stored to {sizes[0]:,}"
        part.goals.append(Goal(f"CPU {beside}", 1.25, ratio(_cpu(many), _cpu(few)), most=True))
        part.goals.append(Goal(f"buffers {beside}", 1.25, ratio(many[0].buffers, few[0].buffers), most=True))


def _cpu(turns: Sequence[Cost]) -> float:
    return middle([turn.cpu for turn in turns])[0]
