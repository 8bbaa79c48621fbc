"""Erased clients: who they were is blanked in mails and bells; what was sent, when and how it ended stays."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis import held_events
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.erasing import Erased
from services.notifier.domain.renewing import Renewed
from services.notifier.store import bells, mailings, renewal

LATE = timedelta(days=1)

_MAILS = """
update emails set recipient = 'erased/' || id, client_name = '', facts = '{}', content = null, requested_why = null,
       given_up_why = null,
       state = case when settled_at is null then 'failed' else state end,
       reason = case when settled_at is null then 'client_erased' else reason end,
       settled_at = coalesce(settled_at, $2)
 where client_id = any($1::uuid[]) and lease_until is null and client_name <> ''"""
"""A mail that is in a worker's hands is left to it, and blanked when it has come to an end."""

_BESIDE = (
    "delete from renewed_clients where client_id = any($1::uuid[])",
    """update bells set client_name = '', waiting = false, handled_by = null, about = null
        where client_id = any($1::uuid[]) and client_name <> ''""",
    """update idempotency_keys k set body = jsonb_build_object('client_id', g.id, 'status', 'erased')
         from unnest($1::uuid[]) as g(id)
        where k.body->>'client_id' = g.id::text""",
)

# The case keeps keys that are no client's from the cast.
_SETTLED_OF_ERASED = """
select distinct h.key from held_events h
  join erased_clients x
    on x.client_id = case when h.key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then h.key::uuid end
 where h.settled_at > $1"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Erased]:
    """Those of the clients that are erased."""
    rows = await uow.connection.fetch(
        "select client_id, at from erased_clients where client_id = any($1::uuid[])", keys
    )
    return {row["client_id"]: Erased(row["client_id"], row["at"]) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Erased | Renewed]]) -> None:
    """Remembers them, and blanks what is there. What clients are called that were changed is remembered too."""
    renewed = [change.after for change in changes if isinstance(change.after, Renewed)]
    await renewal.remember(uow, renewed)
    await bells.poke_readers_of(uow, [each.client_id for each in renewed])
    new = [change.after for change in changes if change.before is None and isinstance(change.after, Erased)]
    if new:
        await _erase(uow, new)


async def _erase(uow: UnitOfWork, new: Sequence[Erased]) -> None:
    ids = [each.client_id for each in new]
    await uow.connection.execute(
        "insert into erased_clients select * from unnest($1::uuid[], $2::timestamptz[]) on conflict do nothing",
        ids,
        [each.at for each in new],
    )
    await uow.connection.execute(_MAILS, ids, uow.now)
    for statement in _BESIDE:
        await uow.connection.execute(statement, ids)
    await bells.poke_readers_of(uow, ids)
    await held_events.forget_contents(uow, [str(each) for each in ids])


async def blank_late(uow: UnitOfWork) -> int:
    """Blanks mails that were in a worker's hands when their client or reader was erased, and what was held of an erased
    client and has been settled since; answers how many mails."""
    rows = await uow.connection.fetch("select client_id from erased_clients where at > $1", uow.now - LATE)
    done = await uow.connection.execute(_MAILS, [row["client_id"] for row in rows], uow.now)
    held = await uow.connection.fetch(_SETTLED_OF_ERASED, uow.now - LATE)
    await held_events.forget_contents(uow, [row["key"] for row in held])
    return int(done.split()[-1]) + await mailings.forget_late(uow)
