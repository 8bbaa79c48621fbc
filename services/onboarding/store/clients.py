"""Clients: new ones, and the version of those that somebody asks something of."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from chassis.adding import add_rows
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.client import Client, Target
from services.onboarding.domain.new_client import name_key

# fmt: off
COLUMNS = (
    "client_id", "version", "agency", "status", "name", "name_key", "identity_kind", "org_number",
    "identity_index", "identity_mask", "responsible_person", "protected_identity", "street", "postal_code",
    "city", "country", "program_access", "invoice_recipient", "invoice_interval", "counts",
    "confirmation_email", "locale", "origin", "test", "external_ref", "responsible_consultant",
    "administrators", "confirmed_duplicate", "created_by_sub", "created_by_name", "created_at",
    "correlation_id", "source", "request_id",
)
# fmt: on

_TARGETS = """select client_id, version, agency, status, source, external_ref, activated_by_name as activated_by,
       activated_at
  from clients
 where client_id = any($1::uuid[])
    or (live and source = any($2::text[]) and external_ref = any($3::text[]))
 order by client_id for update"""


class ChangedTwice(Exception):  # named after the fact
    """Two changes of one batch begin at the same version of a client; apart they do not."""


async def add(uow: UnitOfWork, clients: Sequence[Client], indexes: Mapping[UUID, bytes]) -> None:
    """Adds new clients. Raises asyncpg.UniqueViolationError where somebody has the number or the reference."""
    rows = [_row(client, indexes.get(client.client_id)) for client in clients]
    await add_rows(uow.connection, "clients", COLUMNS, rows)


async def one(uow: UnitOfWork, client_id: UUID) -> Any:
    """The row of a client that exists."""
    return await uow.connection.fetchrow("select * from clients where client_id = $1", client_id)


async def targets(uow: UnitOfWork, ids: Sequence[UUID], references: Sequence[tuple[str, str]]) -> list[Target]:
    """The clients with these ids, or with these (source, external_ref); locked."""
    if not ids and not references:
        return []
    rows = await uow.connection.fetch(
        _TARGETS, ids, [source for source, _ in references], [reference for _, reference in references]
    )
    return [Target(**dict(row)) for row in rows]


async def advance(uow: UnitOfWork, after: Sequence[Target]) -> None:
    """Stores the next version of clients. Raises ChangedTwice, which divides the batch and decides on fresh state."""
    if not after:
        return
    done = await uow.connection.execute(
        """update clients c set version = n.version from unnest($1::uuid[], $2::bigint[]) as n(client_id, version)
            where c.client_id = n.client_id and c.version = n.version - 1""",
        [each.client_id for each in after],
        [each.version for each in after],
    )
    if int(done.split()[-1]) != len(after):
        raise ChangedTwice


def _row(client: Client, index: bytes | None) -> tuple[Any, ...]:
    identity, address, access, by = client.identity, client.address, client.access, client.created_by
    return (
        client.client_id,
        client.version,
        client.agency,
        client.status,
        client.name,
        name_key(client.name),
        identity.kind,
        identity.number.canonical if identity.kind == "organisation" else None,
        index,
        identity.number.masked,
        identity.responsible_person,
        client.protected_identity,
        *((None,) * 4 if address is None else (address.street, address.postal_code, address.city, address.country)),
        access.program_access,
        access.invoice_recipient,
        access.invoice_interval,
        orjson.dumps(dict(client.counts)).decode(),
        client.confirmation_email,
        client.locale,
        client.origin,
        client.test,
        client.external_ref,
        client.responsible_consultant,
        None if client.administrators is None else _json([each.model_dump() for each in client.administrators]),
        client.confirmed_duplicate,
        None if by is None else by.sub,
        None if by is None else by.name,
        client.created_at,
        client.correlation_id,
        None if client.request is None else client.request.source,
        None if client.request is None else client.request.request_id,
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
