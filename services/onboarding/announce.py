"""What onboarding announces (agencies with their consultants, clients), and what it keeps of activation's."""

from collections.abc import Sequence
from typing import Any

import orjson

from chassis.announce import Announcer
from chassis.projections import Projection
from chassis.unit_of_work import UnitOfWork
from schemas.agency import AgencySnapshotV1, ConsultantData
from schemas.client import ClientSnapshotV1
from schemas.envelope import Say
from schemas.values import Access, Administrator, Person
from services.onboarding.domain.agency import Agency
from services.onboarding.domain.instructions import uuid_or_none
from services.onboarding.store import agencies, people, snapshots


async def agency_snapshots(uow: UnitOfWork, ids: Sequence[str]) -> list[Say]:
    """Agencies that exist, whole."""
    found = await agencies.load(uow, ids)
    return [_agency(found[each]) for each in ids if each in found]


async def client_snapshots(uow: UnitOfWork, ids: Sequence[str]) -> list[Say]:
    """Clients that exist, as far as onboarding may tell of them."""
    wanted = [client for each in ids if (client := uuid_or_none(each)) is not None]
    return [_client(row) for row in await snapshots.lock_clients(uow, wanted)]


async def raise_clients(uow: UnitOfWork, ids: Sequence[str], by: int) -> None:
    await snapshots.raise_clients(uow, [client for each in ids if (client := uuid_or_none(each)) is not None], by)


def _agency(agency: Agency) -> Say:
    data = AgencySnapshotV1(
        agency=agency.agency,
        name=agency.name,
        locale=agency.locale,
        client_visibility=agency.client_visibility,
        consultants=[
            ConsultantData(sub=one.sub, name=one.name, email=one.email, locale=one.locale, roles=list(one.roles))
            for one in agency.consultants.values()
        ],
    )
    return Say(data, version=agency.version)


def _client(row: Any) -> Say:
    people = orjson.loads(row["administrators"]) if row["administrators"] else None
    known = bool(row["created_by_name"])  # blank after erasure
    data = ClientSnapshotV1(
        client_id=row["client_id"],
        agency=row["agency"],
        name=row["name"],
        identity_kind=row["identity_kind"],
        protected_identity=row["protected_identity"],
        origin=row["origin"],
        source=row["source"],
        external_ref=row["external_ref"],
        test=row["test"],
        access=Access(
            program_access=row["program_access"],
            invoice_recipient=row["invoice_recipient"],
            invoice_interval=row["invoice_interval"],
        ),
        counts=orjson.loads(row["counts"]),
        confirmation_email=row["confirmation_email"],
        locale=row["locale"],
        created_at=row["created_at"],
        created_by=Person(sub=row["created_by_sub"], name=row["created_by_name"]) if known else None,
        responsible_consultant=row["responsible_consultant"],
        administrators=None if people is None else [Administrator.model_validate(each) for each in people],
        status=row["status"],
    )
    return Say(data, version=row["version"], correlation_id=row["correlation_id"])


ANNOUNCERS = (
    Announcer("agency", "agency-events", snapshots.agencies, agency_snapshots, snapshots.raise_agencies),
    Announcer("client", "client-events", snapshots.clients, client_snapshots, raise_clients),
)

PROJECTIONS = (
    Projection("activations", "activation", "activation", "activation-events", snapshots.listed, people.clear),
)
