"""What is known of agencies and their consultants: load and save of a batch."""

from collections.abc import Sequence

from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.activation.domain.agency import Agency, Consultant


async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, Agency]:
    """The agencies that have been heard of, locked, with all their consultants."""
    rows = await uow.connection.fetch(
        """select agency, name, locale, client_visibility from agencies
            where agency = any($1::text[]) order by agency for update""",
        keys,
    )
    consultants: dict[str, dict[str, Consultant]] = {row["agency"]: {} for row in rows}
    for row in await uow.connection.fetch(
        "select agency, sub, name, email, locale, roles from consultants where agency = any($1::text[])",
        list(consultants),
    ):
        consultants[row["agency"]][row["sub"]] = Consultant(
            row["sub"], row["name"], row["email"], row["locale"], tuple(row["roles"])
        )
    return {
        row["agency"]: Agency(
            row["agency"], row["name"], row["locale"], row["client_visibility"], consultants[row["agency"]]
        )
        for row in rows
    }


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Agency]]) -> None:
    """Writes the changed agencies, and of their consultants those that came, changed or went."""
    after = [change.after for change in changes]
    await uow.connection.execute(
        """insert into agencies (agency, name, locale, client_visibility)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
           on conflict (agency) do update
              set name = excluded.name, locale = excluded.locale, client_visibility = excluded.client_visibility""",
        [each.agency for each in after],
        [each.name for each in after],
        [each.locale for each in after],
        [each.client_visibility for each in after],
    )
    told, gone = [], []
    for change in changes:
        known, now = change.before.consultants if change.before else {}, change.after.consultants
        told += [(change.key, one) for sub, one in now.items() if known.get(sub) != one]
        gone += [(change.key, sub) for sub in known if sub not in now]
    await uow.connection.executemany(
        "insert into removals (agency, request_id, sub) values ($1, $2, $3) on conflict do nothing",
        [(change.key, each.request_id, each.sub) for change in changes for each in change.after.leaving],
    )
    await _upsert(uow, told)
    await _follow(uow, told)
    await _delete(uow, gone)


async def _upsert(uow: UnitOfWork, told: Sequence[tuple[str, Consultant]]) -> None:
    if not told:
        return
    # Roles travel joined by blanks, since unnest would flatten an array of arrays.
    await uow.connection.execute(
        """insert into consultants (agency, sub, name, email, locale, roles)
           select agency, sub, name, email, locale, string_to_array(roles, ' ')
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
                    n(agency, sub, name, email, locale, roles)
            order by agency, sub
           on conflict (agency, sub) do update
              set name = excluded.name, email = excluded.email, locale = excluded.locale, roles = excluded.roles""",
        [agency for agency, _ in told],
        [one.sub for _, one in told],
        [one.name for _, one in told],
        [one.email for _, one in told],
        [one.locale for _, one in told],
        [" ".join(one.roles) for _, one in told],
    )


async def _follow(uow: UnitOfWork, told: Sequence[tuple[str, Consultant]]) -> None:
    """Has the clients fall due at which a consultant has another name or address than was told now."""
    if told:
        await uow.connection.execute(
            """update activations a set due_at = $5
                 from users u, unnest($1::text[], $2::text[], $3::text[], $4::text[]) n(agency, sub, name, email)
                where u.sub = n.sub and u.kind = 'consultant' and u.state = 'active'
                  and (u.name, coalesce(u.email, '')) is distinct from (n.name, n.email)
                  and a.client_id = u.client_id and a.agency = n.agency and a.client_name <> ''""",
            [agency for agency, _ in told],
            [one.sub for _, one in told],
            [one.name for _, one in told],
            [one.email for _, one in told],
            uow.now,
        )


async def _delete(uow: UnitOfWork, gone: Sequence[tuple[str, str]]) -> None:
    if gone:
        await uow.connection.execute(
            """delete from consultants c using unnest($1::text[], $2::text[]) n(agency, sub)
                where c.agency = n.agency and c.sub = n.sub""",
            [agency for agency, _ in gone],
            [sub for _, sub in gone],
        )
