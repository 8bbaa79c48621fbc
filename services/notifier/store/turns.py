"""Turns: in which order agencies' mails go out. Each agency has its own line, and the lines move at the same pace.

Start-time fair queueing (Goyal, Vin, Cheng 1997): a mail's turn is the one after its agency's last that still waits,
and not before the first that waits at all. So an agency's first mail comes next however many others have, and what
picks the next mails reads an index from its beginning.
"""

from collections.abc import Sequence
from datetime import datetime

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.draft import Draft
from services.notifier.domain.mail import CLAIMABLE

WAITS = "state in ({})".format(", ".join(f"'{state}'" for state in sorted(CLAIMABLE)))
"""As the indexes have it."""

_NEXT = f"""greatest(
  (select max(e.turn) + 1 from emails e
    where e.{WAITS} and e.turn is not null and e.agency = line.agency and e.test = line.test),
  (select min(e.turn) from emails e where e.{WAITS} and e.turn is not null and e.test = line.test),
  0)"""  # noqa: S608  # constant text

NEXT_TURNS = f"select agency, test, {_NEXT} as turn from unnest($1::text[], $2::bool[]) line(agency, test)"  # noqa: S608  # constant text

_RISE = f"""
with due as materialized (
  select id, agency, test, due_at from emails
   where {WAITS} and turn is null and due_at <= $1 order by due_at, id limit $2 for update skip locked),
lines as (select line.agency, line.test, {_NEXT} as turn from (select distinct agency, test from due) line),
places as (select id, agency, test, row_number() over (partition by agency, test order by due_at, id) - 1 as place
             from due)
update emails e set turn = lines.turn + places.place
  from places join lines using (agency, test) where e.id = places.id"""  # noqa: S608  # constant text


async def turns(uow: UnitOfWork, drafts: Sequence[Draft]) -> list[int]:
    """The turn of each of these, in their order."""
    lines = sorted({(draft.agency, draft.test) for draft in drafts})
    rows = await uow.connection.fetch(NEXT_TURNS, [agency for agency, _ in lines], [test for _, test in lines])
    following = {(row["agency"], row["test"]): row["turn"] for row in rows}
    given = []
    for draft in drafts:
        given.append(following[draft.agency, draft.test])
        following[draft.agency, draft.test] += 1
    return given


async def rise(database: Database, now: datetime, limit: int) -> None:
    """Gives a turn to mails whose time has come: those put off, longest due first."""
    await database.execute(_RISE, now, limit)
