"""What one user may do, read as cheaply as it can be: programs ask at each request."""

from typing import Any
from uuid import UUID

from chassis.db import Database

_USER = """
select a.agency, a.access_version, u.client_id, u.user_id, u.sub, u.state, u.kind as user_kind,
       min(g.until) as next_end,
       array_agg(g.kind) as kinds, array_agg(g.program) as programs, array_agg(g.part) as parts,
       array_agg(g.level) as levels
  from users u
  join activations a on a.client_id = u.client_id
  left join grants g
    on g.client_id = u.client_id and g.user_id = u.user_id and (g.until is null or g.until > $3)
 where u.client_id = $1 and u.user_id = $2
 group by a.client_id, u.client_id, u.user_id"""


async def user(database: Database, client_id: UUID, user_id: UUID) -> Any:
    """The user with the client's access version, what they hold now, and when the first of it ends; None if unknown."""
    return await database.fetchrow(_USER, client_id, user_id, database.clock())


async def client_of_invitation(database: Database, invitation_id: UUID) -> UUID | None:
    """The client that an invitation is into."""
    row = await database.fetchrow("select client_id from invitations where invitation_id = $1", invitation_id)
    return None if row is None else row["client_id"]
