"""What the notifier knows of agencies and their consultants."""

from collections.abc import Sequence

from chassis.announce import Source
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.agency import Agency, Consultant
from services.notifier.store import bells, mailings

ADD_MISSING = """insert into agencies (agency) select agency from unnest($1::text[]) a(agency) order by agency
                 on conflict do nothing"""


async def client_managers(uow: UnitOfWork, agencies: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Agency → its client managers. The agencies' rows are share-locked: a client manager who is registered meanwhile
    waits for us, and then finds the bells that wait for them."""
    await uow.connection.execute(ADD_MISSING, agencies)
    await uow.connection.execute("select from agencies where agency = any($1) order by agency for share", agencies)
    rows = await uow.connection.fetch(
        """select agency, array_agg(sub order by sub) as subs from consultants
            where agency = any($1) and 'client_manager' = any(roles) group by agency""",
        agencies,
    )
    return {row["agency"]: tuple(row["subs"]) for row in rows}


async def page(source: Source, after: str, limit: int) -> list[str]:
    """The agencies that onboarding told of, in the order of their ids."""
    rows = await source.fetch(
        """select agency from agencies where agency collate "C" > $1 and name is not null
            order by agency collate "C" limit $2""",
        after,
        limit,
    )
    return [row["agency"] for row in rows]


async def clear(uow: UnitOfWork) -> None:
    """Forgets what onboarding told of agencies and consultants; bells wait meanwhile."""
    await uow.connection.execute("delete from consultants; update agencies set name = null, locale = 'sv'")


async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, Agency]:
    """Every agency asked for, locked; an empty one where nothing is known."""
    await uow.connection.execute(ADD_MISSING, keys)
    rows = await uow.connection.fetch(
        """select agency, name, locale, client_visibility from agencies
            where agency = any($1) order by agency for update""",
        keys,
    )
    consultants: dict[str, dict[str, Consultant]] = {key: {} for key in keys}
    for row in await uow.connection.fetch(
        "select agency, sub, name, email, locale, roles from consultants where agency = any($1)", keys
    ):
        consultants[row["agency"]][row["sub"]] = Consultant(
            row["sub"], row["name"], row["email"], row["locale"], tuple(row["roles"])
        )
    waiting = await bells.waiting_in(uow, keys)
    return {
        row["agency"]: Agency(
            row["agency"],
            row["name"],
            row["locale"],
            row["client_visibility"],
            consultants[row["agency"]],
            tuple(bell for bell in waiting if bell.agency == row["agency"]),
        )
        for row in rows
    }


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Agency]]) -> None:
    """Writes what changed of agencies and consultants, and rings the bells that waited."""
    await uow.connection.execute(
        """update agencies a set name = n.name, locale = n.locale, client_visibility = n.client_visibility
             from unnest($1::text[], $2::text[], $3::text[], $4::text[]) n(agency, name, locale, client_visibility)
            where a.agency = n.agency""",
        [change.key for change in changes],
        [change.after.name for change in changes],
        [change.after.locale for change in changes],
        [change.after.client_visibility for change in changes],
    )
    told, gone = [], []
    for change in changes:
        known, now = change.before.consultants if change.before else {}, change.after.consultants
        told += [(change.key, one) for sub, one in now.items() if known.get(sub) != one]
        gone += [(change.key, sub) for sub in known if sub not in now]
    await _upsert(uow, told)
    await _delete(uow, gone)
    await mailings.forget_consultants(uow, gone)
    await bells.save(uow, [bell for change in changes for bell in change.after.rung])


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


async def _delete(uow: UnitOfWork, gone: Sequence[tuple[str, str]]) -> None:
    if gone:
        await uow.connection.execute(
            """delete from consultants c using unnest($1::text[], $2::text[]) n(agency, sub)
                where c.agency = n.agency and c.sub = n.sub""",
            [agency for agency, _ in gone],
            [sub for _, sub in gone],
        )
