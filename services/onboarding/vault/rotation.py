"""Exchanging the master key: which keys are in use, and data keys wrapped anew, batch by batch."""

from dataclasses import dataclass
from typing import Any

from chassis.db import Database
from chassis.failpoints import reached
from chassis.unit_of_work import UnitOfWork
from services.onboarding.vault.master_keys import MasterKeys

ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtextextended('vault-rotation', 7))"


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A table whose rows hold a wrapped data key: `master_key_id` and `wrapped_key` beside what they belong to."""

    table: str
    owner: str


TABLES = (Wrapped("vault", "client_id"), Wrapped("drafts", "draft_id"), Wrapped("imports", "import_id"))
"""Every table with wrapped keys; each has an index on `master_key_id`."""


async def in_use(database: Database) -> dict[str, int]:
    """Master key id → how many data keys it wraps. Counts: for people who ask, not for every batch."""
    counts: dict[str, int] = {}
    for each in TABLES:
        query = f"select master_key_id, count(*) as n from {each.table} where master_key_id is not null group by 1"  # noqa: S608  # constant names
        for row in await database.fetch(query):
            counts[row["master_key_id"]] = counts.get(row["master_key_id"], 0) + row["n"]
    return counts


async def needed(database: Database) -> set[str]:
    """The master keys that something is wrapped by. Hops over the index, whatever the number of rows."""
    found: set[str] = set()
    for each in TABLES:
        found |= {row["id"] for row in await database.fetch(_HOPS.format(table=each.table))}
    return found


async def rewrap(uow: UnitOfWork, master: MasterKeys, limit: int) -> int:
    """Wraps at most `limit` data keys with the current key and answers how many; 0 where none is left that can be.

    The data keys stay as they are, and so does what they seal. A batch is a transaction: what is killed is done again.
    """
    await uow.connection.execute(ONE_AT_A_TIME)
    old = master.ids()[1:]
    done = 0
    for each in TABLES:
        if old and done < limit:
            rows = await uow.connection.fetch(_OLD.format(table=each.table, owner=each.owner), old, limit - done)
            await _rewrap(uow, master, each, rows)
            done += len(rows)
    await reached("vault.rewrapped")
    return done


async def _rewrap(uow: UnitOfWork, master: MasterKeys, each: Wrapped, rows: list[Any]) -> None:
    fresh = []
    for row in rows:
        context = row["owner"].bytes
        key = master.unwrap(row["master_key_id"], row["wrapped_key"], context)
        fresh.append((row["owner"], *master.wrap(key, context)))
    await uow.connection.execute(
        _SAVE.format(table=each.table, owner=each.owner),
        [owner for owner, _, _ in fresh],
        [name for _, name, _ in fresh],
        [wrapped for _, _, wrapped in fresh],
    )


_HOPS = """
with recursive ids as (
  (select master_key_id as id from {table} where master_key_id is not null order by master_key_id limit 1)
  union all
  select (select t.master_key_id from {table} t where t.master_key_id > ids.id order by t.master_key_id limit 1)
    from ids where ids.id is not null)
select id from ids where id is not null"""

_OLD = """
select {owner} as owner, master_key_id, wrapped_key from {table} where master_key_id = any($1::text[])
 limit $2 for update"""

_SAVE = """
update {table} t set master_key_id = n.master_key_id, wrapped_key = n.wrapped_key
  from unnest($1::uuid[], $2::text[], $3::bytea[]) as n(owner, master_key_id, wrapped_key)
 where t.{owner} = n.owner"""
