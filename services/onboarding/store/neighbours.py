"""What new clients may clash with: living clients with the same number or the same external reference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from schemas.values import Locale
from services.onboarding.domain.creation import Namesake, Neighbours, Wanted
from services.onboarding.store import agencies

# Living clients with a number, and agencies with their language: both are asked of each request, so in one query.
_AGENCIES_AND_NAMESAKES = """
select client_id, agency, identity_kind, name_key, org_number, null::bytea as identity_index, null as locale
  from clients where live and org_number = any($1::text[])
union all
select client_id, agency, identity_kind, name_key, null, identity_index, null
  from clients where live and identity_index = any($2::bytea[])
union all
select null, agency, null, null, null, null, locale from agencies where agency = any($3::text[])
order by client_id"""

_BY_REFERENCE = """
select client_id, source, null as agency, external_ref from clients
 where live and source = any($1::text[]) and external_ref = any($2::text[])
union all
select client_id, null, agency, external_ref from clients
 where live and source is null and agency = any($3::text[]) and external_ref = any($4::text[])"""


@dataclass(frozen=True, slots=True)
class Sought:
    """A new client to be, with its number in the form that the table compares: in the open, or as blind index."""

    wanted: Wanted
    org_number: str | None
    identity_index: bytes | None


async def load(uow: UnitOfWork, sought: Mapping[Wanted, Sought]) -> dict[Wanted, Neighbours]:
    """The neighbours of each; a few queries for them all."""
    by_number, locales = await _agencies_and_namesakes(uow, list(sought.values()))
    by_reference = await _by_reference(uow, list(sought))
    staff = await agencies.staff(uow, {(each.agency, each.responsible) for each in sought if each.responsible})
    return {
        wanted: Neighbours(
            agency_locale=None if wanted.agency is None else locales.get(wanted.agency),
            same_reference=by_reference.get(_place(wanted)),
            same_number=tuple(by_number[each.org_number or each.identity_index]),
            no_such_consultant=wanted.responsible is not None and (wanted.agency, wanted.responsible) not in staff,
        )
        for wanted, each in sought.items()
    }


async def _agencies_and_namesakes(
    uow: UnitOfWork, sought: Sequence[Sought]
) -> tuple[dict[object, list[Namesake]], dict[str, Locale]]:
    """Number → who has it; registered agency → its language."""
    found: dict[object, list[Namesake]] = defaultdict(list)
    locales: dict[str, Locale] = {}
    named = list({each.wanted.agency for each in sought if each.wanted.agency is not None})
    open_numbers = [each.org_number for each in sought if each.org_number is not None]
    indexes = [each.identity_index for each in sought if each.identity_index is not None]
    for row in await uow.connection.fetch(_AGENCIES_AND_NAMESAKES, open_numbers, indexes, named):
        if row["client_id"] is None:
            locales[row["agency"]] = row["locale"]
        else:
            same = Namesake(row["client_id"], row["agency"], row["identity_kind"], row["name_key"])
            found[row["org_number"] or row["identity_index"]].append(same)
    return found, locales


async def _by_reference(uow: UnitOfWork, wanted: Sequence[Wanted]) -> dict[object, UUID]:
    named = [each for each in wanted if each.external_ref is not None]
    if not named:
        return {}
    upstream = [each for each in named if each.source is not None]
    own = [each for each in named if each.source is None]
    rows = await uow.connection.fetch(
        _BY_REFERENCE,
        [each.source for each in upstream],
        [each.external_ref for each in upstream],
        [each.agency for each in own],
        [each.external_ref for each in own],
    )
    return {(row["source"], row["agency"], row["external_ref"]): row["client_id"] for row in rows}


def _place(wanted: Wanted) -> tuple[str | None, str | None, str | None]:
    """Where a reference is unique: within its source, or for people's own within their agency."""
    return wanted.source, wanted.agency if wanted.source is None else None, wanted.external_ref
