"""How far clients have come: their status and times, with the requests that want to hear of it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.asking import Question
from services.onboarding.domain.people import People
from services.onboarding.domain.progress import Progress
from services.onboarding.domain.requests import Asked
from services.onboarding.store import people, questions, requests

_LOAD = """select c.client_id, c.agency, c.status, c.external_ref, c.request_id, c.correlation_id, s.results_topic,
       c.listed_at, c.activated_at, c.configured_at, c.cancelled_at, c.activated_by_name,
       c.responsible_consultant, c.program_access
  from clients c left join sources s on s.source = c.source and s.state <> 'removed'
 where c.client_id = any($1::uuid[]) order by c.client_id for update of c"""

_COMMANDS = """select r.client_id, r.command_id, r.request_id, r.correlation_id, r.results_topic
  from requests r join sources s on s.source = r.source and s.state <> 'removed'
 where r.client_id = any($1::uuid[]) and r.command_id is not null"""

_SAVE = """update clients c set status = n.status, listed_at = n.listed_at, activated_at = n.activated_at,
       configured_at = n.configured_at, cancelled_at = n.cancelled_at, activated_by_name = n.activated_by_name,
       responsible_consultant = n.responsible_consultant, program_access = n.program_access
  from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
              $7::text[], $8::text[], $9::boolean[])
    as n(client_id, status, listed_at, activated_at, configured_at, cancelled_at, activated_by_name,
         responsible_consultant, program_access)
 where c.client_id = n.client_id"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Progress]:
    """The clients that exist, locked."""
    rows = await uow.connection.fetch(_LOAD, keys)
    commands: dict[UUID, dict[UUID, Asked]] = defaultdict(dict)
    for row in await uow.connection.fetch(_COMMANDS, keys):
        commands[row["client_id"]][row["command_id"]] = _asked(row)
    waiting = await questions.open_questions(uow, keys)
    theirs = await people.load(uow, keys)
    return {
        (key := row["client_id"]): _progress(row, commands[key], waiting.get(key, {}), theirs.get(key, People()))
        for row in rows
    }


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Progress]]) -> None:
    """Stores status and times. The client's version stays: these are no events of the client."""
    after = [change.after for change in changes if change.after != change.before]
    if after:
        await uow.connection.execute(
            _SAVE,
            [each.client_id for each in after],
            [each.status for each in after],
            [each.listed_at for each in after],
            [each.activated_at for each in after],
            [each.configured_at for each in after],
            [each.cancelled_at for each in after],
            [each.activated_by_name for each in after],
            [each.responsible_consultant for each in after],
            [each.program_access for each in after],
        )
        await people.save(
            uow,
            [(each.key, None if each.before is None else each.before.people, each.after.people) for each in changes],
        )
        await requests.came_of(uow, [(each.client_id, *outcome) for each in after for outcome in each.outcomes])
        await questions.settle(
            uow, [(change.before.questions, change.after.questions) for change in changes if change.before is not None]
        )


def _progress(row: Any, commands: dict[UUID, Asked], waiting: dict[UUID, Question], theirs: People) -> Progress:
    return Progress(
        client_id=row["client_id"],
        agency=row["agency"],
        status=row["status"],
        external_ref=row["external_ref"],
        request=None if row["results_topic"] is None else _asked(row),  # a removed source is told nothing
        commands=commands,
        listed_at=row["listed_at"],
        activated_at=row["activated_at"],
        configured_at=row["configured_at"],
        cancelled_at=row["cancelled_at"],
        activated_by_name=row["activated_by_name"],
        responsible_consultant=row["responsible_consultant"],
        program_access=row["program_access"],
        people=theirs,
        questions=waiting,
    )


def _asked(row: Any) -> Asked:
    return Asked(row["request_id"], row["correlation_id"], row["results_topic"])
