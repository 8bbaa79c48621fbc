"""A user's bell: their items, how many are new, and what they did with them."""

from typing import Any, Literal, get_args
from uuid import UUID

from chassis.db import Database

Act = Literal["seen", "read", "archive"]
Shown = Literal["unseen", "unread", "read", "archived"]

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
}
_ACTS["archive"] = _ACTS["read"] + ", archived_at = coalesce(archived_at, $4)"

_SELECT = """select n.id, n.seq, n.created_at, n.seen_at, n.read_at, n.archived_at, b.kind, b.client_id,
                    coalesce(r.name, b.client_name) as client_name, b.test, b.handled_how, b.handled_by, b.handled_at
               from notifications n join bells b on b.id = n.bell_id
                    left join renewed_clients r on r.client_id = b.client_id
              where n.agency = $1 and n.sub = $2"""
assert set(_ACTS) == set(get_args(Act))


async def page(
    database: Database, agency: str, sub: str, shown: Shown | None, q: str | None, before: int | None, limit: int
) -> list[Any]:
    """The user's items, newest first."""
    return await database.fetch(
        f"""{_SELECT} and {_FILTERS[shown]} and ($3::bigint is null or n.seq < $3)
              and ($4::text is null or strpos(lower(coalesce(r.name, b.client_name)), lower($4)) > 0)
            order by n.seq desc limit $5""",
        agency,
        sub,
        before,
        q,
        limit,
    )


async def count(database: Database, agency: str, sub: str) -> Any:
    """How many are unseen and unread; counted, never cached."""
    return await database.fetchrow(
        """select count(*) filter (where seen_at is null) as unseen, count(*) as unread
             from notifications where agency = $1 and sub = $2 and read_at is null and archived_at is null""",
        agency,
        sub,
    )


async def mark(database: Database, agency: str, sub: str, id_: UUID, act: Act) -> Any:
    """Marks one of the user's own items; the same again changes nothing. None where it is not theirs."""
    return await database.fetchrow(
        f"""update notifications set {_ACTS[act]} where agency = $1 and sub = $2 and id = $3
            returning id, seq, seen_at, read_at, archived_at""",  # noqa: S608  # one of three fixed texts
        agency,
        sub,
        id_,
        database.clock(),
    )


async def mark_all_read(database: Database, agency: str, sub: str, up_to: int | None) -> int:
    """Reads all that the user has been shown, and answers how many; what came since stays unread."""
    done = await database.execute(
        """update notifications set read_at = $4, seen_at = coalesce(seen_at, $4)
            where agency = $1 and sub = $2 and read_at is null and archived_at is null
              and ($3::bigint is null or seq <= $3)""",
        agency,
        sub,
        up_to,
        database.clock(),
    )
    return int(done.split()[-1])
