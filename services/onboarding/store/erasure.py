"""Erasure: every table but the vault's is blanked of what tells who people are, in one transaction."""

from collections.abc import Sequence
from uuid import UUID

from chassis import held_events
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.erasing import Erasable
from services.onboarding.domain.identity_numbers import HIDDEN
from services.onboarding.store import changes

BLANK_MASK = f"••{HIDDEN}-{HIDDEN}"

_LOCKED = """select client_id, version, agency, status, erased_at, erased_by_sub
  from clients where client_id = any($1::uuid[]) order by client_id for update"""

_CLIENT = """update clients set version = $2, edition = edition + 1, status = 'erased', name = '', name_key = '',
       identity_index = null, responsible_person = null, street = null, postal_code = null, city = null,
       country = null, confirmation_email = '', external_ref = null, administrators = null,
       created_by_name = '', changed_by_name = '', activated_by_name = null, erased_at = $3, erased_by_sub = $4,
       identity_mask = case when identity_kind = 'organisation' then identity_mask else $5 end
 where client_id = $1"""

_BESIDE = (
    "update client_requests set by_name = '', facts = '{}' where client_id = $1",
    "update requests set external_ref = null where client_id = $1 or refused_by_client = $1",
    """update import_rows set identity_mask = null, twin = null, reference = null
        where client_id = $1""",
    """update idempotency_keys
          set body = jsonb_strip_nulls(jsonb_build_object('client_id', body->'client_id', 'status', 'erased',
                                                          'request_id', body->'request_id', 'url', body->'url'))
        where body->>'client_id' = $1::uuid::text""",
)
"""What else holds something of a client."""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Erasable]:
    """The clients that exist, locked."""
    rows = await uow.connection.fetch(_LOCKED, keys)
    return {row["client_id"]: Erasable(**dict(row)) for row in rows}


async def save(uow: UnitOfWork, erased: Sequence[Change[UUID, Erasable]]) -> None:
    """Blanks; a client at a time, since each is a request of its own."""
    for each in erased:
        after = each.after
        await uow.connection.execute(
            _CLIENT, after.client_id, after.version, after.erased_at, after.erased_by_sub, BLANK_MASK
        )
        for statement in _BESIDE:
            await uow.connection.execute(statement, after.client_id)
        await changes.forget(uow, after.client_id)
        await held_events.forget_contents(uow, [str(after.client_id)])
