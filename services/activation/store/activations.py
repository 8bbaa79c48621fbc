"""Activations with the licences and users that come with them: load and save of a batch."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from chassis import held_events
from chassis.adding import add_rows
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.activation.domain.activation import Activation, Asked, User
from services.activation.store import history, staff
from services.activation.store.columns import COLUMNS, LOAD, UPDATE, changes_of, row_of

_FOR_ARROW = """
select a.client_id, k.by_sub as kyc_by, coalesce(g.client_visibility, 'all') = 'all' as seen_by_all,
       array[a.created_by_sub, a.responsible_consultant]
         || array(select l.sub from links l where l.client_id = a.client_id)
         || array(select u.sub from users u where u.client_id = a.client_id and u.state = 'active') as subs,
       array(select u.sub from users u where u.client_id = a.client_id and u.kind = 'client') as own_people,
       array(select c.sub from consultants c where c.agency = a.agency and c.leaving) as leaving
  from activations a
  left join agencies g on g.agency = a.agency
  left join kyc_confirmations k on k.client_id = a.client_id
 where a.client_id = any($1::uuid[])"""


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Activation]:
    """The activations that exist, locked in the order of their keys."""
    rows = await uow.connection.fetch(LOAD, keys)
    return {row[0]: Activation(*row) for row in rows}


async def load_for_arrow(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Activation]:
    """The same, with who may see each, and whether somebody has confirmed that they know the client.

    None of the agency's consultants begins to leave meanwhile.
    """
    found = await load(uow, keys)
    await staff.hold(uow, sorted({each.agency for each in found.values()}))
    for row in await uow.connection.fetch(_FOR_ARROW, list(found)):
        known = found[row["client_id"]]
        found[row["client_id"]] = replace(
            known,
            kyc_by=row["kyc_by"],
            leaving=frozenset(row["leaving"]),
            own_people=frozenset(filter(None, row["own_people"])),
            only_for=None if row["seen_by_all"] else frozenset(filter(None, row["subs"])),
        )
    return found


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Activation]]) -> None:
    """Writes the changed activations, and the licences and users that their decisions added."""
    new = [change.after for change in changes if change.before is None]
    changed = [change.after for change in changes if change.before is not None]
    if new:
        await add_rows(uow.connection, "activations", COLUMNS, [row_of(each) for each in new])
        await _add_licences(uow, new)
    if changed:
        await uow.connection.execute(UPDATE, *zip(*map(changes_of, changed), strict=True))
    joined = [user for change in changes for user in change.after.joined]
    if joined:
        await _add_users(uow, joined)
    turned = [change.after for change in changes if change.before and change.before.status != change.after.status]
    if turned:
        await history.add_turns(uow, turned)
    for change in changes:
        if change.before and change.after.kyc_by != change.before.kyc_by:
            await _confirm_kyc(uow, change.after)
    asked = [(change.key, each) for change in changes for each in change.after.asked]
    if asked:
        await _note_asked(uow, asked)
    forgotten = [change.key for change in changes if change.before and change.after.forgotten]
    if forgotten:
        await _forget(uow, forgotten)


async def _confirm_kyc(uow: UnitOfWork, state: Activation) -> None:
    await uow.connection.execute(
        "insert into kyc_confirmations (client_id, by_sub, at) values ($1, $2, $3) on conflict do nothing",
        state.client_id,
        state.kyc_by,
        uow.now,
    )
    await history.add_confirmation(uow, state)


async def _note_asked(uow: UnitOfWork, asked: Sequence[tuple[UUID, Asked]]) -> None:
    """Wishes wait with the client, which falls due at once."""
    await uow.connection.executemany(
        """insert into licence_requests (client_id, request_id, by_source, by_id, counts, effective_at, reason,
                                        program_access)
           values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8) on conflict do nothing""",
        [
            (
                key,
                each.request_id,
                each.by_source,
                each.by,
                orjson.dumps(each.counts).decode(),
                each.effective_at,
                each.reason,
                each.program_access,
            )
            for key, each in asked
        ],
    )
    await _now_due(uow, [key for key, _ in asked])


async def _now_due(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    await uow.connection.execute("update activations set due_at = $2 where client_id = any($1::uuid[])", ids, uow.now)


async def _forget(uow: UnitOfWork, ids: Sequence[UUID]) -> None:
    """Blanks who people were; what was done stays, by subjects and ids."""
    for statement in (
        "update users set name = '', email = null where client_id = any($1::uuid[])",
        """update invitations set invited_by_name = '', state = case state when 'open' then 'withdrawn' else state end
            where client_id = any($1::uuid[])""",
        "update activations set configured_by_name = '', due_at = null where client_id = any($1::uuid[])",
        "delete from disconnections where client_id = any($1::uuid[])",
        "delete from licence_requests where client_id = any($1::uuid[])",
        "delete from history_contacts where client_id = any($1::uuid[])",
        "delete from links where client_id = any($1::uuid[])",
        """update idempotency_keys k set body = jsonb_build_object('client_id', g.id, 'status', 'erased')
             from unnest($1::uuid[]) as g(id)
            where k.body->>'client_id' = g.id::text or strpos(k.scope, g.id::text) > 0""",
    ):
        await uow.connection.execute(statement, ids)
    await held_events.forget_contents(uow, [str(each) for each in ids])


async def _add_licences(uow: UnitOfWork, new: Iterable[Activation]) -> None:
    await add_rows(
        uow.connection,
        "licences",
        ("client_id", "program", "ordered", "purchased"),
        [
            (activation.client_id, program, count, count)
            for activation in new
            for program, count in activation.ordered.items()
        ],
    )


async def _add_users(uow: UnitOfWork, users: Iterable[User]) -> None:
    """Somebody who was a user before is one again."""
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
    invited = {user.client_id for user in last.values() if user.state == "invited"}
    if invited:
        await _now_due(uow, sorted(invited))
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
