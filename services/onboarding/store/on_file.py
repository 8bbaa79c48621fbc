"""Clients on file: loaded locked with what a change may clash with, saved with a line in their history."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from chassis.handling import Change
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.values import Access, Administrator, Person
from services.onboarding.domain.changing import Standing
from services.onboarding.domain.creation import Namesake
from services.onboarding.domain.new_client import Address, name_key
from services.onboarding.domain.on_file import ClientOnFile
from services.onboarding.store import agencies, changes

_LOCKED = """select client_id, version, edition, agency, status, name, identity_kind, identity_mask, identity_index,
       responsible_person, protected_identity, street, postal_code, city, country, program_access, invoice_recipient,
       invoice_interval, counts, confirmation_email, locale, origin, test, source, external_ref,
       responsible_consultant, administrators, confirmed_duplicate, created_by_sub, created_by_name, created_at,
       correlation_id
  from clients where client_id = any($1::uuid[]) order by client_id for update"""

_SAME_REFERENCE = """select k.client_id, o.client_id as other
  from unnest($1::uuid[], $2::text[], $3::text[]) as k(client_id, agency, external_ref)
  join clients o on o.agency = k.agency and o.external_ref = k.external_ref and o.source is null and o.live
   and o.client_id <> k.client_id"""

_NAMESAKES = """select c.client_id, o.client_id as other, o.agency, o.identity_kind, o.name_key
  from clients c join clients o on o.identity_index = c.identity_index and o.live and o.client_id <> c.client_id
 where c.client_id = any($1::uuid[]) and c.identity_index is not null
 order by o.client_id"""

_SAVE = """update clients set version = $2, edition = $3, name = $4, name_key = $5, responsible_person = $6,
       protected_identity = $7, street = $8, postal_code = $9, city = $10, country = $11, program_access = $12,
       invoice_recipient = $13, invoice_interval = $14, confirmation_email = $15, locale = $16, external_ref = $17,
       responsible_consultant = $18, confirmed_duplicate = $19, changed_at = $20, changed_by_sub = $21,
       changed_by_name = $22
 where client_id = $1"""


@dataclass(frozen=True, slots=True)
class Edit:
    """A client that somebody wants to change, what it shall have that others may clash with, and what made them act."""

    client_id: UUID
    agency: str
    external_ref: str | None
    cause: Cause
    responsible: str | None = None


async def load(uow: UnitOfWork, keys: Sequence[Edit]) -> dict[Edit, Standing]:
    """The clients that exist, locked."""
    ids = [key.client_id for key in keys]
    rows = {row["client_id"]: row for row in await uow.connection.fetch(_LOCKED, ids)}
    if not rows:
        return {}
    namesakes: dict[UUID, list[Namesake]] = defaultdict(list)
    for row in await uow.connection.fetch(_NAMESAKES, ids):
        one = Namesake(row["other"], row["agency"], row["identity_kind"], row["name_key"])
        namesakes[row["client_id"]].append(one)
    named = [key for key in keys if key.external_ref is not None]
    same = await uow.connection.fetch(
        _SAME_REFERENCE,
        [key.client_id for key in named],
        [key.agency for key in named],
        [key.external_ref for key in named],
    )
    references = {row["client_id"]: row["other"] for row in same}
    staff = await agencies.staff(uow, {(key.agency, key.responsible) for key in keys if key.responsible})
    locales = await agencies.locales(uow, {row["agency"] for row in rows.values()})
    return {
        key: Standing(
            client=client(rows[key.client_id]),
            agency_locale=locales.get(rows[key.client_id]["agency"]),
            same_reference=references.get(key.client_id),
            namesakes=tuple(namesakes[key.client_id]),
            no_such_consultant=key.responsible is not None and (key.agency, key.responsible) not in staff,
        )
        for key in keys
        if key.client_id in rows
    }


async def save(uow: UnitOfWork, changed: Sequence[Change[Edit, Standing]]) -> None:
    """Writes clients that were changed by people: one at a time, since each is a request of its own."""
    noted = [(each, each.after.noted) for each in changed if each.after.noted is not None]
    await uow.connection.executemany(
        _SAVE, [(*_row(each.after.client), uow.now, note.by.sub, note.by.name) for each, note in noted]
    )
    await changes.add(
        uow,
        [
            (each.after.client.client_id, each.after.client.edition, note, each.key.cause.correlation_id)
            for each, note in noted
        ],
    )


async def identify(  # an identity is all of these
    uow: UnitOfWork, client_id: UUID, kind: str, mask: str, org_number: str | None, identity_index: bytes | None
) -> None:
    """Stores who a client is: a number in the open, or the blind index of one that the vault keeps."""
    await uow.connection.execute(
        """update clients set identity_kind = $2, identity_mask = $3, org_number = $4, identity_index = $5
            where client_id = $1""",
        client_id,
        kind,
        mask,
        org_number,
        identity_index,
    )


def client(row: Any) -> ClientOnFile:
    """A row as the domain knows it."""
    people = orjson.loads(row["administrators"]) if row["administrators"] else None
    known = bool(row["created_by_name"])  # blank after erasure
    place = None
    if row["street"] is not None:
        place = Address(row["street"], row["postal_code"], row["city"], row["country"])
    return ClientOnFile(
        client_id=row["client_id"],
        version=row["version"],
        edition=row["edition"],
        agency=row["agency"],
        status=row["status"],
        name=row["name"],
        identity_kind=row["identity_kind"],
        identity_mask=row["identity_mask"],
        responsible_person=row["responsible_person"],
        protected_identity=row["protected_identity"],
        address=place,
        access=Access(
            program_access=row["program_access"],
            invoice_recipient=row["invoice_recipient"],
            invoice_interval=row["invoice_interval"],
        ),
        counts=orjson.loads(row["counts"]),
        confirmation_email=row["confirmation_email"],
        locale=row["locale"],
        origin=row["origin"],
        test=row["test"],
        source=row["source"],
        external_ref=row["external_ref"],
        responsible_consultant=row["responsible_consultant"],
        administrators=None if people is None else tuple(Administrator.model_validate(each) for each in people),
        confirmed_duplicate=row["confirmed_duplicate"],
        created_by=Person(sub=row["created_by_sub"], name=row["created_by_name"]) if known else None,
        created_at=row["created_at"],
        correlation_id=row["correlation_id"],
    )


def _row(after: ClientOnFile) -> tuple[Any, ...]:
    place, access = after.address, after.access
    return (
        after.client_id,
        after.version,
        after.edition,
        after.name,
        name_key(after.name),
        after.responsible_person,
        after.protected_identity,
        *((None,) * 4 if place is None else (place.street, place.postal_code, place.city, place.country)),
        access.program_access,
        access.invoice_recipient,
        access.invoice_interval,
        after.confirmation_email,
        after.locale,
        after.external_ref,
        after.responsible_consultant,
        after.confirmed_duplicate,
    )
