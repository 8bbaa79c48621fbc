"""The consultants of agencies as those see them who are about to give one something."""

from collections.abc import Sequence

from chassis.unit_of_work import UnitOfWork
from services.activation.domain.agency import Consultant

LOCK_STAFF = """select pg_advisory_xact_lock(hashtextextended('staff:' || agency, 7))
  from unnest($1::text[]) agency order by agency"""
_HOLD_STAFF = LOCK_STAFF.replace("xact_lock(", "xact_lock_shared(")


async def hold(uow: UnitOfWork, agencies: Sequence[str]) -> None:
    """Until this transaction ends, no consultant of these agencies begins to leave. To be said before `of`."""
    await uow.connection.execute(_HOLD_STAFF, agencies)


async def of(uow: UnitOfWork, agencies: Sequence[str]) -> dict[str, dict[str, Consultant]]:
    """Agency → subject → consultant, without those who are leaving."""
    found: dict[str, dict[str, Consultant]] = {}
    for row in await uow.connection.fetch(
        """select agency, sub, name, email, locale, roles from consultants
            where agency = any($1::text[]) and not leaving""",
        agencies,
    ):
        one = Consultant(row["sub"], row["name"], row["email"], row["locale"], tuple(row["roles"]))
        found.setdefault(row["agency"], {})[one.sub] = one
    return found
