"""Growth: the same batch of new and of changed clients beside more and more stored activations."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from bench import events
from bench.events import Message
from bench.goals import Goal, ratio
from bench.measuring import middle, watch_offsets
from bench.plots import Bar
from bench.processes import contestants
from bench.report import Part
from bench.servers import Servers, database_of
from chassis.ids import uuid7
from services.activation.__main__ import SERVICE

FILL = (
    """insert into activations (client_id, agency, client_name, status, origin, test, program_access,
         confirmation_email, locale, created_by_sub, created_by_name, correlation_id, version, created_at, listed_at)
       select uuidv7(make_interval(secs => n - 2e6)), 'byra-' || n % 50, 'Bolaget ' || n || ' AB', 'pending', 'api',
              false, true, 'info' || n || '@example.se', 'sv', 'konsult-' || n % 40, 'Konsult ' || n % 40,
              'c-' || uuidv7(), 1, now(), now() - make_interval(secs => 2e6 - n)
         from generate_series(1, {rows}) n""",
    """insert into licences select client_id, program, 1, 1
         from activations cross join (values ('bookkeeping'), ('invoicing')) p(program)""",
    """insert into seen_versions select 'onboarding', client_id::text, 1, uuidv7()::text from activations""",
    "vacuum analyze",
)


@dataclass(frozen=True)
class Cost:
    """Of one event."""

    python: float
    postgres: float
    buffers: float
    page_images: float

    @property
    def cpu(self) -> float:
        return self.python + self.postgres


Costs = dict[tuple[str, int], list[Cost]]

EFFECTS = {"new": "select count(*) from outbox", "changed": "select count(*) from seen_versions where version = 2"}


async def run(servers: Servers, quick: bool) -> Part:
    sizes, count, rounds = ((4_000, 100_000), 4_000, 1) if quick else ((10_000, 100_000, 1_000_000), 10_000, 2)
    await servers.superuser("create extension if not exists pg_stat_statements")
    costs: Costs = {}
    void: dict[str, str] = {}
    filled = {rows: await _filled(servers, rows) for rows in sizes}
    for number in range(rounds):
        for rows in sizes if number % 2 == 0 else sizes[::-1]:
            for kind in ("new", "changed"):
                cost, effects = await _one(servers, filled[rows], kind, count)
                costs.setdefault((kind, rows), []).append(cost)
                if effects != count:
                    void[kind] = f"{kind}: void: {effects} of {count} events had their effect beside {rows:,}"
    for dsn in filled.values():
        await servers.drop(dsn)
    return _report(costs, void, sizes, count, rounds)


async def _filled(servers: Servers, rows: int) -> str:
    dsn = await servers.infra.database(SERVICE)
    await servers.superuser(*(step.format(rows=rows) for step in FILL), database=database_of(dsn))
    return dsn


async def _one(servers: Servers, filled: str, kind: str, count: int) -> tuple[Cost, int]:
    """One batch on a copy of the filled database, and how many of its events had their effect."""
    name = f"g_{uuid7().hex}"
    await servers.superuser(
        f'create database {name} template {database_of(filled)} owner "activation_owner" strategy file_copy'
    )
    dsn = filled.rpartition("/")[0] + "/" + name
    prefix = await servers.prefix("client-events", "agency-events")
    events.fill(servers.infra.kafka, f"{prefix}client-events", await _messages(dsn, kind, count))
    await servers.superuser("vacuum activations, licences, seen_versions", database=name)  # into the cache
    await servers.settle()
    await servers.superuser("select pg_stat_statements_reset()")
    async with contestants(servers, "ours", prefix, dsn) as processes:
        measured = await watch_offsets(servers, processes, dsn, count, count // 4)
    buffers, images = await touched(servers, name)
    effects = await _effects(dsn, kind)
    await servers.drop(dsn)
    per = measured.events
    return Cost(measured.python / per, measured.postgres / per, buffers / count, images / count), effects


async def _effects(dsn: str, kind: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found: int = await connection.fetchval(EFFECTS[kind])
        return found
    finally:
        await connection.close()


async def _messages(dsn: str, kind: str, count: int) -> list[Message]:
    """New clients; or changes of as many stored ones, each changed once, drawn from all."""
    if kind == "new":
        return [events.created(number) for number in range(count)]
    connection = await asyncpg.connect(dsn)
    try:
        ids = await connection.fetch("select client_id from activations order by random() limit $1", count)
    finally:
        await connection.close()
    return [events.client_event("client.updated", str(row[0]), 2, n, f"Nytt {n} AB") for n, row in enumerate(ids)]


async def touched(servers: Servers, database: str) -> tuple[float, float]:
    """Shared buffers that one database's statements touched, cached or not; and whole pages they put into the log."""
    connection = await asyncpg.connect(servers.infra.superuser_dsn)
    try:
        row = await connection.fetchrow(
            """select sum(shared_blks_hit + shared_blks_read), sum(wal_fpi) from pg_stat_statements s
                 join pg_database d on d.oid = s.dbid where d.datname = $1""",
            database,
        )
        assert row is not None
        return float(row[0]), float(row[1])
    finally:
        await connection.close()


def _report(costs: Costs, void: dict[str, str], sizes: Sequence[int], count: int, rounds: int) -> Part:
    part = Part(
        "growth",
        "Cost beside what is stored",
        f"{count:,} events for the same consumer beside {sizes[0]:,} to {sizes[-1]:,} stored activations (each with two"
        f" licences and a seen version), {rounds} rounds, the order turned round, a copy of the filled database for"
        " each run. Changed clients are drawn from all, each once. Buffers are the shared buffers that"
        " pg_stat_statements counts. A checkpoint comes before each run, so the first change of each page puts the"
        " whole page into the log, compressed: the more rows are stored, the fewer of the changed ones share a page.",
        [
            "| clients | stored | µs CPU/event (least–largest) | of it Postgres | buffers/event | pages logged |",
            "|---|---|---|---|---|---|",
        ],
    )
    for (kind, rows), runs in costs.items():
        cpu, least, largest = (1e6 * value for value in middle([run.cpu for run in runs]))
        postgres = 1e6 * middle([run.postgres for run in runs])[0]
        buffers = middle([run.buffers for run in runs])[0]
        images = middle([run.page_images for run in runs])[0]
        part.table.append(
            f"| {kind} | {rows:,} | {cpu:.0f} ({least:.0f}–{largest:.0f}) | {postgres:.0f} | {buffers:.1f}"
            f" | {images:.2f} |"
        )
        part.plots = part.plots or [("µs of CPU per event, Python and Postgres", [])]
        part.plots[0][1].append(Bar(f"{kind}, {rows:,} stored", cpu, least, largest, f"{cpu:.0f} µs", True))  # type: ignore[attr-defined]
    for kind in ("new", "changed"):
        for what in ("cpu", "buffers"):
            least, most = (
                middle([getattr(run, what) for run in costs[kind, rows]])[0] for rows in (sizes[0], sizes[-1])
            )
            title = (
                f"{'CPU' if what == 'cpu' else what} per event of {kind} clients, {sizes[-1]:,} stored to {sizes[0]:,}"
            )
            part.goals.append(Goal(title, 1.25, None if kind in void else ratio(most, least), most=True))
    part.remarks = list(void.values())
    return part
