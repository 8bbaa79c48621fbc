"""Reads of clients outside any transaction: the list, one client, and the way of a client."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.onboarding.store.people import HAS_TO_DO_WITH

_SHOWN = """client_id, agency, status, name, identity_kind, identity_mask, protected_identity, origin, test,
  external_ref, responsible_consultant, created_by_sub, created_by_name, created_at, listed_at, activated_at,
  configured_at, cancelled_at"""

# The names are compared in lower case by the rules of Unicode, whatever the database's own locale.
_PAGE = f"""select {_SHOWN} from clients
 where agency = $1 and ($2::text is null or status = $2) and ($3::uuid is null or client_id < $3)
   and ($4 = '' or strpos(lower(name collate pg_c_utf8), lower($4 collate pg_c_utf8)) > 0
        or external_ref = $4 or org_number = $5)
   and ($6::boolean is null or test = $6)
   and ($8::text is null or {HAS_TO_DO_WITH.format(sub="$8")})
 order by client_id desc limit $7"""  # noqa: S608  # column names only

_ONE = f"""select {_SHOWN}, version, edition, changed_at, changed_by_sub, changed_by_name,
  responsible_person, street, postal_code, city, country, program_access,
  invoice_recipient, invoice_interval, counts, confirmation_email, locale, administrators, source
  from clients where agency = $1 and client_id = $2"""  # noqa: S608  # column names only

_TRACED = """select client_id, origin, source, created_at, correlation_id, listed_at, activated_at, configured_at,
       cancelled_at
  from clients where client_id = $1 or correlation_id = $2"""

_REQUESTS = """select source, request_id, correlation_id, received_at, client_id, command_id, code, errors, outcomes
  from requests
 where client_id = $1 or correlation_id = $2"""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list is narrowed to: words in the name, numbers and references that equal them, a state, only tries.

    `only_of`: to the clients that somebody has to do with.
    """

    words: str = ""
    org_number: str = ""
    status: str | None = None
    test: bool | None = None
    only_of: str | None = None


async def page(database: Database, agency: str, sought: Sought, before: UUID | None, limit: int) -> list[Any]:
    """At most `limit` clients of an agency, newest first, those before an id."""
    return await database.fetch(
        _PAGE, agency, sought.status, before, sought.words, sought.org_number, sought.test, limit, sought.only_of
    )


async def one(database: Database, agency: str, client_id: UUID) -> Any:
    """One client of an agency, or None."""
    return await database.fetchrow(_ONE, agency, client_id)


async def one_within(uow: UnitOfWork, agency: str, client_id: UUID) -> Any:
    """The same inside a transaction."""
    return await uow.connection.fetchrow(_ONE, agency, client_id)


async def traced(database: Database, client_id: UUID | None, correlation_id: str | None) -> tuple[list[Any], list[Any]]:
    """Clients and requests of one client id or one correlation id."""
    clients = await database.fetch(_TRACED, client_id, correlation_id)
    return clients, await database.fetch(_REQUESTS, client_id, correlation_id)
