"""What the notifier knows of agencies and their consultants."""

from collections.abc import Sequence
from typing import Any

from chassis.announce import Source
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.agency import Agency, Consultant
from services.notifier.domain.bell import Staff
from services.notifier.store import bells, leaving, mailings, preferences

ADD_MISSING = """insert into agencies (agency) select agency from unnest($1::text[]) a(agency) order by agency
                 on conflict do nothing"""

# Consultants have roles, what somebody turned off has a kind, and who has left has neither.
STAFF = """select agency, sub, name, roles, null as kind from consultants where agency = any($1)
           union all select agency, sub, null, null, kind from muted_kinds where agency = any($1)
           union all select agency, sub, null, null, null from former_consultants where agency = any($1)
           order by agency, sub"""


async def staff(uow: UnitOfWork, agencies: Sequence[str]) -> dict[str, Staff]:
    """Agency → whom it has, and had. The agencies' rows are share-locked: a client manager who is registered meanwhile
    waits for us, and then finds the bells that wait for them."""
    if len(await _shared(uow, agencies)) < len(set(agencies)):
        await uow.connection.execute(ADD_MISSING, agencies)
        await _shared(uow, agencies)
    return await _staff(uow, agencies)


async def _shared(uow: UnitOfWork, agencies: Sequence[str]) -> Sequence[Any]:
    return await uow.connection.fetch("select from agencies where agency = any($1) order by agency for share", agencies)


async def _staff(uow: UnitOfWork, agencies: Sequence[str]) -> dict[str, Staff]:
    """Asked after the lock, and all at once: this is read for each batch."""
    there: dict[str, list[Any]] = {agency: [] for agency in agencies}
    gone: dict[str, set[str]] = {agency: set() for agency in agencies}
    muted: dict[str, set[tuple[str, str]]] = {agency: set() for agency in agencies}
    for row in await uow.connection.fetch(STAFF, agencies):
        if row["roles"] is not None:
            there[row["agency"]].append(row)
        elif row["kind"] is not None:
            muted[row["agency"]].add((row["sub"], row["kind"]))
        else:
            gone[row["agency"]].add(row["sub"])
    return {
        agency: Staff(
            tuple(row["sub"] for row in rows if "client_manager" in row["roles"]),
            tuple(row["sub"] for row in rows if "agency_admin" in row["roles"]),
            frozenset(gone[agency]),
            frozenset(muted[agency]),
            {row["sub"]: row["name"] for row in rows},
        )
        for agency, rows in there.items()
    }


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
    muted = await preferences.muted(uow, keys)
    return {
        row["agency"]: Agency(
            row["agency"],
            row["name"],
            row["locale"],
            row["client_visibility"],
            consultants[row["agency"]],
            tuple(bell for bell in waiting if bell.agency == row["agency"]),
            muted=muted.get(row["agency"], frozenset()),
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
        gone += [(change.key, sub) for sub in sorted({*known, *change.after.left}) if sub not in now]
    await _upsert(uow, told)
    await preferences.came_back(uow, [(agency, one.sub) for agency, one in told])
    await _delete(uow, gone)
    await leaving.forget(uow, gone)
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
