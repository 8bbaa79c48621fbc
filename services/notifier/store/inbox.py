"""A user's bell: their items, how many are new, and what they did with them."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Literal, get_args
from uuid import UUID

from chassis.db import Database
from services.notifier.domain.bell import Bell
from services.notifier.store import bells, pokes

Act = Literal["seen", "read", "unread", "archive", "unarchive"]
Shown = Literal["unseen", "unread", "read", "archived"]

MOST_COUNTED = 1000
"""More are not counted, so that a badge costs the same however much somebody leaves unread."""

_FILTERS = {
    None: "n.archived_at is null",
    "unseen": "n.archived_at is null and n.seen_at is null",
    "unread": "n.archived_at is null and n.read_at is null",
    "read": "n.archived_at is null and n.read_at is not null",
    "archived": "n.archived_at is not null",
}
_ACTS = {
    "seen": "seen_at = coalesce(seen_at, $4)",
    "read": "seen_at = coalesce(seen_at, $4), read_at = coalesce(read_at, $4)",
    "unread": "read_at = null",
    "archive": "archived_at = coalesce(archived_at, $4)",
    "unarchive": "archived_at = null",
}
assert set(_ACTS) == set(get_args(Act))

ITEM = f"""n.id as item_id, n.seq, n.created_at as rung_at, n.seen_at, n.read_at, n.archived_at, r.name as called,
           {", ".join("b." + name for name in bells.COLUMNS)}"""
_FROM = """from notifications n join bells b on b.id = n.bell_id
                    left join renewed_clients r on r.client_id = b.client_id"""
_SELECT = f"select {ITEM} {_FROM} where n.agency = $1 and n.sub = $2"  # names of our own


def bell_of(row: Any) -> Bell:
    """The bell of an item, under the name that its client has now."""
    bell = bells.bell(row)
    return replace(bell, client_name=row["called"]) if row["called"] else bell


async def page(
    database: Database, agency: str, sub: str, shown: Shown | None, q: str | None, before: int | None, limit: int
) -> list[Any]:
    """The user's items, newest first."""
    return await database.fetch(
        f"""{_SELECT} and {_FILTERS[shown]} and n.seq < coalesce($3::bigint, 9223372036854775807)
              and ($4::text is null or strpos(lower(coalesce(r.name, b.client_name)), lower($4)) > 0)
            order by n.seq desc limit $5""",
        agency,
        sub,
        before,
        q,
        limit,
    )


async def since(database: Database, agency: str, sub: str, after: int, limit: int) -> list[Any]:
    """The items that came after that number, archived ones too, oldest first."""
    return await database.fetch(f"{_SELECT} and n.seq > $3 order by n.seq limit $4", agency, sub, after, limit)


async def numbered(database: Database, agency: str, sub: str, numbers: Collection[int]) -> list[Any]:
    """Those items as they read now, oldest first."""
    return await database.fetch(f"{_SELECT} and n.seq = any($3::bigint[]) order by n.seq", agency, sub, list(numbers))


async def standing(database: Database, people: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, bool]]:
    """Each one's last number, 0 where none was given; and whether they have left the agency."""
    rows = await database.fetch(
        """select p.agency, p.sub, coalesce(c.last_seq, 0) as last_seq, f.sub is not null as has_left
             from unnest($1::text[], $2::text[]) p(agency, sub)
             left join bell_counters c on c.agency = p.agency and c.sub = p.sub
             left join former_consultants f on f.agency = p.agency and f.sub = p.sub""",
        [agency for agency, _ in people],
        [sub for _, sub in people],
    )
    return {(row["agency"], row["sub"]): (row["last_seq"], row["has_left"]) for row in rows}


async def count(database: Database, agency: str, sub: str) -> Any:
    """How many are unseen and unread, as far as they are counted; never cached."""
    return await database.fetchrow(
        """select (select count(*) from (select from notifications where agency = $1 and sub = $2
                    and archived_at is null and seen_at is null limit $3) u) as unseen,
                  (select count(*) from (select from notifications where agency = $1 and sub = $2
                    and archived_at is null and read_at is null limit $3) u) as unread""",
        agency,
        sub,
        MOST_COUNTED,
    )


async def mark(database: Database, agency: str, sub: str, id_: UUID, act: Act) -> Any:
    """Marks one of the user's own items; the same again changes nothing. None where it is not theirs."""
    row = await database.fetchrow(
        f"""update notifications set {_ACTS[act]} where agency = $1 and sub = $2 and id = $3
              and ($4::timestamptz is not null)
            returning id, seq, seen_at, read_at, archived_at""",  # noqa: S608  # one of five fixed texts
        agency,
        sub,
        id_,
        database.clock(),
    )
    if row is not None:
        pokes.poke_now(database, (agency, sub, row["seq"]))
    return row


async def mark_all_read(database: Database, agency: str, sub: str, up_to: int | None) -> int:
    """Reads all that the user has been shown, and answers how many; what came since stays unread."""
    done = await database.execute(
        """update notifications set read_at = $4, seen_at = coalesce(seen_at, $4)
            where agency = $1 and sub = $2 and read_at is null and archived_at is null
              and seq <= coalesce($3::bigint, 9223372036854775807)""",
        agency,
        sub,
        up_to,
        database.clock(),
    )
    pokes.poke_now(database, (agency, sub, pokes.MANY))
    return int(done.split()[-1])
