"""Managing a client: a large Save, what a user may do (asked at each request), and a page of a long list."""

import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson

from bench.goals import Goal, ratio
from bench.growth import FILL
from bench.measuring import middle
from bench.plots import Bar
from bench.report import Part
from bench.servers import Servers, database_of
from bench.usage import cpu_seconds
from chassis.clock import system_clock
from chassis.ids import uuid7
from schemas.programs import PROGRAMS
from services.activation.__main__ import SERVICE
from services.activation.store import lists
from services.activation.store.lists import NEWEST, Wanted
from tests.system.rig import Replica, Rig

USERS, CHANGES, CONNECTIONS = 200, 200, 8
CLIENT = UUID("0193a5b0-0000-7000-8000-0000000000aa")
NAMED = [name for name, program in PROGRAMS.programs.items() if program.parts][:12]

LARGE_CLIENT = (
    """insert into activations (client_id, agency, client_name, status, origin, test, program_access,
         confirmation_email, locale, correlation_id, version, created_at, listed_at, activated_by_sub,
         activated_by_name, activated_at, became_system_administrator)
       values ('{client}', 'byra-ett', 'Stora Bolaget AB', 'activated', 'api', false, true, 'a@example.se', 'sv', 'c',
               2, now(), now(), 'karin', 'Karin', now(), true)""",
    """insert into licences (client_id, program, ordered, purchased)
       select '{client}', p, 500, 500 from unnest(array[{programs}]) p""",
    """insert into users (client_id, user_id, kind, sub, name, email, locale, state, logged_in_at)
       select '{client}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
              case when n = 0 then 'consultant' else 'client' end, case when n = 0 then 'karin' else 'user-' || n end,
              'User ' || n, 'user' || n || '@example.se', 'sv', 'active', now() from generate_series(0, {users}) n""",
    """insert into grants (client_id, user_id, kind, program, part, level, granted_at)
       select client_id, user_id, 'licence', p, '', 'on', now()
         from users cross join unnest(array[{programs}]) p where kind = 'client'
       union all
       select client_id, user_id, 'permission', split_part(c, '/', 1), split_part(c, '/', 2), 'read', now()
         from users cross join unnest(array[{parts}]) c where kind = 'client'
       union all
       select client_id, user_id, 'system_administrator', '', '', 'on', now() from users where kind = 'consultant'""",
    "vacuum analyze",
)


@dataclass
class Found:
    """Seconds of each Save; seconds of each answer, answers a second and CPU a answer; buffers by rows stored."""

    saves: list[float]
    answers: list[float]
    rate: float
    cpu: float
    buffers: dict[int, float]
    grants: int


async def run(servers: Servers, quick: bool) -> Part:
    saves, seconds, sizes = (10, 3.0, (4_000, 100_000)) if quick else (60, 15.0, (10_000, 1_000_000))
    folder = servers.folder / "managing"
    folder.mkdir()
    rig = await Rig.build(servers.infra, f"mng{uuid7().hex[-6:]}-", folder)
    parts = [f"'{name}/{part.id}'" for name in NAMED for part in PROGRAMS.programs[name].parts.values()]
    words = {"client": CLIENT, "users": USERS, "programs": ", ".join(f"'{name}'" for name in NAMED)}
    statements = [step.format(**words, parts=", ".join(readable(parts))) for step in LARGE_CLIENT]
    await servers.superuser(*statements, database=database_of(rig.databases["activation"]))
    try:
        replica = await rig.start("activation", ACTIVATION_CONSUME="false")
        grants, saved = await _saves(rig, replica, saves)
        answers, rate, cpu = await _asks(rig, replica, seconds)
    finally:
        await asyncio.to_thread(rig.stop)
    buffers = {rows: await _page(servers, rows) for rows in sizes}
    return _report(Found(saved, answers, rate, cpu, buffers, grants))


def readable(parts: list[str]) -> list[str]:
    """The parts that know a level `read`, as a level that every licence gives."""
    return [
        each
        for each in parts
        if "read" in PROGRAMS.programs[each.strip("'").split("/")[0]].parts[each.strip("'").split("/")[1]].levels
    ]


async def _saves(rig: Rig, replica: Replica, count: int) -> tuple[int, list[float]]:
    """Saves that take a part from two hundred users, and give it again, over HTTP."""
    took: list[float] = []
    async with httpx.AsyncClient(base_url=replica.url, headers=rig.token("karin"), timeout=30) as http:
        path = f"/v1/clients/{CLIENT}/access"
        matrix = await http.get(path)
        users = [each["user_id"] for each in matrix.json()["users"] if each["kind"] == "client"]
        grants = sum(len(each["grants"]) for each in matrix.json()["users"])
        etag = matrix.headers["ETag"]
        for number in range(count):
            level = "none" if number % 2 == 0 else "read"
            cell = {"kind": "permission", "program": "bookkeeping", "part": "vat_report", "level": level}
            body = {"changes": [{**cell, "user_id": user} for user in users[:CHANGES]]}
            started = time.perf_counter()
            answer = await http.patch(path, json=body, headers={"If-Match": etag})
            took.append(time.perf_counter() - started)
            answer.raise_for_status()
            assert len(answer.json()["changes"]) == CHANGES
            etag = answer.headers["ETag"]
    return grants, took


async def _asks(rig: Rig, replica: Replica, seconds: float) -> tuple[list[float], float, float]:
    """What a user may do, asked over kept connections; half of the answers are 304."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    lanes = [_lane(rig, replica, number, until, took) for number in range(CONNECTIONS)]
    before, started = cpu_seconds(replica.process.pid), time.perf_counter()
    await asyncio.gather(*lanes)
    past = time.perf_counter() - started
    return took, len(took) / past, (cpu_seconds(replica.process.pid) - before) / len(took)


async def _lane(rig: Rig, replica: Replica, number: int, until: float, took: list[float]) -> None:
    user = UUID(f"00000000-0000-7000-8000-{number + 1:012d}")
    reader, writer = await asyncio.open_connection("127.0.0.1", replica.port)
    headers = rig.token(f"user-{number + 1}", client=str(CLIENT)) | {"Host": "activation"}
    etag = ""
    while time.perf_counter() < until:
        asked = headers | ({"If-None-Match": etag} if etag else {})
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        started = time.perf_counter()
        writer.write(f"GET /v1/clients/{CLIENT}/users/{user}/access HTTP/1.1\r\n{lines}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        took.append(time.perf_counter() - started)
        assert head.split()[1] in ("200", "304"), head
        assert not body or orjson.loads(body)["licences"]
        etag = "" if etag else fields["etag"]
    writer.close()


async def _page(servers: Servers, rows: int) -> float:
    """Shared buffers that one page of the list touches, beside so many stored activations."""
    dsn = await servers.infra.database(SERVICE)
    await servers.superuser(*(step.format(rows=rows) for step in FILL), database=database_of(dsn))
    connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn)
    try:
        found = []
        for agency in (f"byra-{number}" for number in range(0, 50, 5)):
            asked: list[tuple[str, Any]] = []
            noting: Any = _Noting(connection, asked)
            await lists.page(noting, agency, Wanted(("pending",), "", "karin", own=False), NEWEST, 51)
            ((query, arguments),) = asked
            (row,) = await connection.fetch(f"explain (analyze, buffers, format json) {query}", *arguments)
            plan = orjson.loads(row[0])[0]["Plan"]
            found.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
        return float(statistics.median(found))
    finally:
        await connection.close()
        await servers.drop(dsn)


class _Noting:
    """A database that notes what it is asked."""

    def __init__(self, connection: "asyncpg.Connection[Any]", asked: list[tuple[str, Any]]) -> None:
        self._connection = connection
        self._asked = asked

    def clock(self) -> datetime:
        return system_clock()

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        self._asked.append((query, arguments))
        return await self._connection.fetch(query, *arguments)


def _report(found: Found) -> Part:
    save, answer = (statistics.quantiles(each, n=100, method="inclusive") for each in (found.saves, found.answers))
    small, large = found.buffers.values()
    part = Part(
        "managing",
        "Managing a client",
        f"A Save of {CHANGES} changes over HTTP in a client of {USERS} users × {len(NAMED)} programs"
        f" ({found.grants:,} grants), {len(found.saves)} times; what one user may do, asked over {CONNECTIONS} kept"
        " connections, every other time with the ETag of the time before; a page of 50 of the activation list.",
        [
            "| what | p50 | p99 |",
            "|---|---|---|",
            f"| a Save of {CHANGES} changes | {1000 * save[49]:.0f} ms | {1000 * save[98]:.0f} ms |",
            f"| what a user may do | {1000 * answer[49]:.1f} ms | {1000 * answer[98]:.1f} ms |",
            "",
            (
                f"What a user may do: {found.rate:,.0f} answers a second with the asker on the other core,"
                f" {1e6 * found.cpu:.0f} µs of CPU each in the service: {1 / found.cpu:,.0f} a second on one core."
            ),
            "",
            *(f"A page beside {rows:,} stored: {buffers:.0f} buffers." for rows, buffers in found.buffers.items()),
        ],
    )
    middles = middle([1000 * each for each in found.saves])
    part.plots = [("Milliseconds of a Save", [Bar(f"{CHANGES} changes", *middles, f"{middles[0]:.0f} ms", True)])]
    part.goals = [Goal("buffers of a page, the longest list to the shortest", 1.25, ratio(large, small), most=True)]
    return part
