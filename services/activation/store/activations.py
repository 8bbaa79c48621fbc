"""Activations with the licences and users that come with them: load and save of a batch."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.activation.domain.activation import Activation, User
from services.activation.store.columns import COLUMNS, LOAD, UPDATE, changes_of, row_of


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Activation]:
    """The activations that exist, locked in the order of their keys."""
    rows = await uow.connection.fetch(LOAD, keys)
    return {row[0]: Activation(*row) for row in rows}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Activation]]) -> None:
    """Writes the changed activations, and the licences and users that their decisions added."""
    new = [change.after for change in changes if change.before is None]
    changed = [change.after for change in changes if change.before is not None]
    if new:
        await uow.connection.copy_records_to_table("activations", columns=COLUMNS, records=map(row_of, new))
        await _add_licences(uow, new)
    if changed:
        await uow.connection.execute(UPDATE, *zip(*map(changes_of, changed), strict=True))
    joined = [user for change in changes for user in change.after.joined]
    if joined:
        await _add_users(uow, joined)
    forgotten = [change.key for change in changes if change.before and change.after.forgotten]
    if forgotten:
        await uow.connection.execute(
            "update users set name = '', email = null where client_id = any($1::uuid[])", forgotten
        )


async def _add_licences(uow: UnitOfWork, new: Iterable[Activation]) -> None:
    await uow.connection.copy_records_to_table(
        "licences",
        columns=("client_id", "program", "ordered", "purchased"),
        records=[
            (activation.client_id, program, count, count)
            for activation in new
            for program, count in activation.ordered.items()
        ],
    )


async def _add_users(uow: UnitOfWork, users: Iterable[User]) -> None:
    """Whom upstream named before they came themselves is known by the same id, and is now here."""
    last = {user.user_id: user for user in users}
    await uow.connection.execute(
        """insert into users (client_id, user_id, kind, sub, name, email, locale, state, logged_in_at)
           select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                                $8::text[], $9::timestamptz[])
           on conflict (client_id, user_id) do update
              set kind = excluded.kind, sub = excluded.sub, name = excluded.name, email = excluded.email,
                  locale = excluded.locale, state = excluded.state, logged_in_at = excluded.logged_in_at""",
        *zip(
            *(
                (u.client_id, u.user_id, u.kind, u.sub, u.name, u.email, u.locale, u.state, u.logged_in_at)
                for u in last.values()
            ),
            strict=True,
        ),
    )
    administrators = [user for user in last.values() if user.system_administrator]
    await uow.connection.execute(
        """insert into grants (client_id, user_id, kind, level, granted_at)
           select client_id, user_id, 'system_administrator', 'on', $3
             from unnest($1::uuid[], $2::uuid[]) as n(client_id, user_id)
           on conflict do nothing""",
        [user.client_id for user in administrators],
        [user.user_id for user in administrators],
        uow.now,
    )
