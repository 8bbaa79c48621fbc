"""Which clients have waited so long that they are to be reminded of today."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from chassis.unit_of_work import UnitOfWork

# The agencies are found by leaps through the index of the list, and in each the oldest that wait: an index of its own
# would be paid for by every new client.
_WAITING = """
with recursive agencies(agency) as (
  (select agency from activations order by agency limit 1)
  union all
  select (select a.agency from activations a where a.agency > agencies.agency order by a.agency limit 1)
    from agencies where agencies.agency is not null
)
select entry.client_id from agencies cross join lateral (
  select client_id from activations a
   where a.agency = agencies.agency and a.status = 'pending' and a.listed_at < $1
     and (a.reminded_on is null or a.reminded_on < $2)
   order by a.listed_at, a.client_id limit $3
) entry
limit $3"""


async def waiting(uow: UnitOfWork, days: int, today: date, limit: int) -> list[UUID]:
    """At most `limit` clients listed more than so many days ago and not reminded of today."""
    rows = await uow.connection.fetch(_WAITING, uow.now - timedelta(days=days), today, limit)
    return [row["client_id"] for row in rows]


async def mark(uow: UnitOfWork, ids: Sequence[UUID], today: date) -> None:
    """Notes that they were reminded of today."""
    await uow.connection.execute(
        "update activations set reminded_on = $2 where client_id = any($1::uuid[])", ids, today
    )
