"""Ways to write what was handled: by COPY, by insert … select unnest, by executemany, and row by row."""

from collections.abc import Sequence
from typing import Any

from bench.contestants.handling import ACTIVATIONS, LICENCES, OUTBOX, SEEN, Handled, Row

_ADVANCE = """
insert into consumer_offsets (topic, partition, next_offset, last_event_id)
select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[])
on conflict (topic, partition) do update
   set next_offset = excluded.next_offset, last_event_id = excluded.last_event_id"""

_TYPES = {
    **dict.fromkeys(("client_id", "event_id"), "uuid"),
    **dict.fromkeys(("test", "program_access", "became_system_administrator"), "boolean"),
    **dict.fromkeys(("created_at", "listed_at", "activated_at", "cancelled_at"), "timestamptz"),
    **dict.fromkeys(("ordered", "purchased"), "int"),
    "version": "bigint",
    "headers": "jsonb",
    "payload": "bytea",
}


def _type(table: str, column: str) -> str:
    return "text" if (table, column) == ("seen_versions", "event_id") else _TYPES.get(column, "text")


def _unnest(table: str, columns: Sequence[str], ending: str = "") -> str:
    arrays = ", ".join(f"${n}::{_type(table, column)}[]" for n, column in enumerate(columns, 1))
    return f"insert into {table} ({', '.join(columns)}) select * from unnest({arrays}) {ending}"


def _values(table: str, columns: Sequence[str], ending: str = "") -> str:
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    return f"insert into {table} ({', '.join(columns)}) values ({places}) {ending}"


_NEW = "on conflict do nothing returning client_id"
_UNNEST = {
    "activations": _unnest("activations", ACTIVATIONS, _NEW),
    "licences": _unnest("licences", LICENCES),
    "outbox": _unnest("outbox", OUTBOX),
    "seen_versions": _unnest("seen_versions", SEEN),
}
_VALUES = {
    "activations": _values("activations", ACTIVATIONS, _NEW),
    "licences": _values("licences", LICENCES),
    "outbox": _values("outbox", OUTBOX),
    "seen_versions": _values("seen_versions", SEEN),
}


def _of(handled: Sequence[Handled]) -> dict[str, list[Row]]:
    return {
        "licences": [row for each in handled for row in each.licences],
        "outbox": [each.outbox for each in handled],
        "seen_versions": [each.seen for each in handled],
    }


async def copy(connection: Any, handled: Sequence[Handled]) -> None:
    """All rows by COPY; the caller has dropped what is repeated."""
    columns = {"licences": LICENCES, "outbox": OUTBOX, "seen_versions": SEEN}
    rows = [each.activation for each in handled]
    await connection.copy_records_to_table("activations", columns=ACTIVATIONS, records=rows)
    for table, records in _of(handled).items():
        await connection.copy_records_to_table(table, columns=columns[table], records=records)


async def unnest(connection: Any, handled: Sequence[Handled]) -> None:
    """One insert for each table; clients that are there already are left as they are."""
    rows = await connection.fetch(_UNNEST["activations"], *zip(*(each.activation for each in handled), strict=True))
    for table, records in _of(_first(handled, rows)).items():
        if records:
            await connection.execute(_UNNEST[table], *zip(*records, strict=True))


async def executemany(connection: Any, handled: Sequence[Handled]) -> None:
    """The driver's own way for many rows: one insert prepared, sent once for each row."""
    rows = await connection.fetchmany(_VALUES["activations"], [each.activation for each in handled])
    for table, records in _of(_first(handled, rows)).items():
        if records:
            await connection.executemany(_VALUES[table], records)


async def each(connection: Any, handled: Handled) -> None:
    """One event, as it is usually written: insert, and where the client was new the rows that go with it."""
    if await connection.fetchrow(_VALUES["activations"], *handled.activation) is None:
        return
    await connection.execute(_UNNEST["licences"], *zip(*handled.licences, strict=True))
    await connection.execute(_VALUES["outbox"], *handled.outbox)
    await connection.execute(_VALUES["seen_versions"], *handled.seen)


async def advance(connection: Any, positions: Sequence[Row]) -> None:
    await connection.execute(_ADVANCE, *zip(*positions, strict=True))


def _first(handled: Sequence[Handled], new: Sequence[Any]) -> list[Handled]:
    """Of each new client the event that came first."""
    wanted = {row["client_id"] for row in new}
    first: dict[Any, Handled] = {}
    for one in handled:
        if one.client_id in wanted:
            first.setdefault(one.client_id, one)
    return list(first.values())
