"""What one user may do, read as cheaply as it can be: programs ask at each request."""

from typing import Any
from uuid import UUID

from chassis.db import Database

_USER = """
select a.agency, a.access_version, u.client_id, u.user_id, u.sub, u.state,
       (select min(g.until) from grants g
         where g.client_id = u.client_id and g.user_id = u.user_id and g.until > $3) as next_end
  from users u join activations a on a.client_id = u.client_id
 where u.client_id = $1 and u.user_id = $2"""

_GRANTS = """
select kind, program, part, level, until from grants
 where client_id = $1 and user_id = $2 and (until is null or until > $3) order by kind, program, part"""


async def user(database: Database, client_id: UUID, user_id: UUID) -> Any:
    """The user with the client's access version, and when the next of their grants ends; None if there is none."""
    return await database.fetchrow(_USER, client_id, user_id, database.clock())


async def grants(database: Database, client_id: UUID, user_id: UUID) -> list[Any]:
    """What the user holds now."""
    return await database.fetch(_GRANTS, client_id, user_id, database.clock())


async def client_of_invitation(database: Database, invitation_id: UUID) -> UUID | None:
    """The client that an invitation is into."""
    row = await database.fetchrow("select client_id from invitations where invitation_id = $1", invitation_id)
    return None if row is None else row["client_id"]
