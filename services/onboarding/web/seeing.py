"""Who sees which clients: in an agency that says so, each consultant those alone that they have to do with."""

from uuid import UUID

from chassis.callers import Store, Who
from chassis.db import Database
from chassis.tokens import Caller
from services.onboarding.store import people
from services.onboarding.web.staff import NotFound

SEES_ALL = frozenset({"agency_admin", "operator"})


async def must_see(client_id: UUID, who: Who, store: Store) -> None:
    """For every route of one client. Raises NotFound, as for a client that there is not."""
    if not who.roles & SEES_ALL and await people.is_hidden(store, who.agency, client_id, who.sub):
        raise NotFound


async def only_of(who: Caller, store: Database) -> str | None:
    """Whose clients alone a list has; None: all of the agency."""
    return None if who.roles & SEES_ALL or not await people.sees_own_only(store, who.agency) else who.sub
