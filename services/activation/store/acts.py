"""Acts on clients as a trace tells of them: the entries of the history that one act has left, in one row."""

from typing import Any
from uuid import UUID

from chassis.db import Database

MOST_ENTRIES = 5000
"""How far back a trace looks: a Save may have left two thousand entries."""

_ACTS = """
select client_id, at, act, by_sub, acting_as, correlation_id, refused, reason, count(*) as entries
  from (select * from history where {} order by history_id desc limit $2) h
 where refused is not null or act not in ('activate', 'cancel')
 group by client_id, at, act, by_sub, acting_as, correlation_id, refused, reason"""


async def of_client(database: Database, client_id: UUID) -> list[Any]:
    """What was done at a client and what was refused, without the turns that its entry in the list tells of."""
    return await database.fetch(_ACTS.format("client_id = $1"), client_id, MOST_ENTRIES)


async def of_correlation(database: Database, correlation_id: str) -> list[Any]:
    """The same of one request, whichever clients it was about."""
    return await database.fetch(_ACTS.format("correlation_id = $1"), correlation_id, MOST_ENTRIES)
