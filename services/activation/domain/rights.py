"""Who may do what (rule book §7.5): the caller, what they hold in the client before the act, and what it lets them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.errors import Refused
from schemas.grants import GrantKind
from schemas.programs import PROGRAMS
from schemas.values import Locale, Person
from services.activation.domain.arrow import ClientCancelled, NotFound
from services.activation.domain.client import Cell, Client


class UserAdminRequired(Refused):
    """Only an administrator of the system, or of a program and together with something in it, may add a user."""

    code = "user_admin_required"


class SystemAdminRequired(Refused):
    """Only a system administrator of the client may do this."""

    code = "system_admin_required"


class ProgramAdminRequired(Refused):
    """Only an administrator of the program, or of the system, may set this."""

    code = "program_admin_required"


class ClientManagerRequired(Refused):
    """Only a client manager may do this."""

    code = "client_manager_required"


class AgencyAdminRequired(Refused):
    """Only an administrator of the agency may do this."""

    code = "agency_admin_required"


class OperatorRequired(Refused):
    """Only whoever runs the service may do this."""

    code = "operator_required"


class ClientNotActivated(Refused):
    """Nobody has activated the client yet, so that there is nothing to manage."""

    code = "client_not_activated"


class ClientErased(Refused):
    """The client's personal data are destroyed: nothing can be done with it any more."""

    code = "client_erased"


class ClientDisconnected(Refused):
    """Agency and client have parted."""

    code = "client_disconnected"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `client` is set for a client's own user; consultants of the agency have none."""

    sub: str
    name: str
    agency: str
    roles: frozenset[str]
    client: UUID | None = None
    email: str | None = None
    locale: Locale = "sv"

    @property
    def person(self) -> Person:
        return Person(sub=self.sub, name=self.name)

    @property
    def is_agency_admin(self) -> bool:
        return self.client is None and "agency_admin" in self.roles


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do in a client, by what they hold there. `user_id`: the user they enter as."""

    user_id: UUID | None
    system: bool
    programs: frozenset[str]

    def may_set(self, cell: Cell) -> Refused | None:
        """None where they may set the cell; else why not. Their own cells are no exception in either direction."""
        if self.system:
            return None
        if cell.kind in ("system_administrator", "program_administrator"):
            return SystemAdminRequired()
        return (
            None if self.programs.intersection(owners(cell.kind, cell.program, cell.part)) else ProgramAdminRequired()
        )


def owners(kind: GrantKind, program: str, part: str) -> tuple[str, ...]:
    """The programs whose administrators may set a cell: of a shared part, all those that share it."""
    if kind == "permission" and program in PROGRAMS.groups:
        found = PROGRAMS.part(program, part)
        return found.programs if found else ()
    return (program,)


def rights(client: Client, actor: Actor, now: datetime) -> Rights:
    """What the actor holds in the client now."""
    user = client.user_of(actor.sub)
    if user is None or (user.kind == "client") != (actor.client is not None):
        return Rights(None, system=False, programs=frozenset())
    return Rights(
        user.user_id,
        system=client.holds(Cell(user.user_id, "system_administrator"), now),
        programs=frozenset(
            program
            for program in PROGRAMS.programs
            if client.holds(Cell(user.user_id, "program_administrator", program), now)
        ),
    )


def sees(client: Client, actor: Actor) -> bool:
    """Whether the client is there for the actor at all: another agency's, or another client's, is not."""
    activation = client.activation
    if activation.agency != actor.agency:
        return False
    if actor.client is not None:
        return actor.client == activation.client_id and client.user_of(actor.sub) is not None
    return (
        client.seen_by_all
        or actor.is_agency_admin
        or "operator" in actor.roles
        or actor.sub in client.linked
        or actor.sub in (activation.created_by_sub, activation.responsible_consultant)
        or client.user_of(actor.sub) is not None
    )


def entered(client: Client | None, actor: Actor) -> Client:
    """The client, for whoever may see it. Raises NotFound."""
    if client is None or not sees(client, actor):
        raise NotFound
    return client


STAFF = frozenset({"client_manager", "agency_admin", "operator"})


def looked_at(client: Client | None, actor: Actor, now: datetime) -> Client:
    """The client, for whoever may look at its users and history: staff, and its own who administrate something.

    Raises NotFound, ClientDisconnected (for staff, once they have parted), ClientManagerRequired, UserAdminRequired.
    """
    found = entered(client, actor)
    held = rights(found, actor, now)
    if actor.client is not None:
        if not held.system and not held.programs:
            raise UserAdminRequired
    elif not actor.roles & STAFF:
        raise ClientManagerRequired
    elif found.activation.status == "disconnected" and "operator" not in actor.roles:
        raise ClientDisconnected
    return found


def managed(client: Client | None, actor: Actor) -> Client:
    """The client, where it is one whose users can be managed.

    Raises NotFound, ClientErased, ClientCancelled, ClientDisconnected, ClientNotActivated.
    """
    found = entered(client, actor)
    must_be_open(found)
    if found.activation.activated_at is None:
        raise ClientNotActivated
    return found


def must_be_open(client: Client) -> None:
    """Raises ClientErased, ClientCancelled, ClientDisconnected."""
    if client.activation.forgotten:
        raise ClientErased
    if client.activation.status == "cancelled":
        raise ClientCancelled
    if client.activation.status == "disconnected":
        raise ClientDisconnected


def by_system_administrator(client: Client | None, actor: Actor, now: datetime) -> Client:
    """The client, for one of its system administrators. Raises SystemAdminRequired, and as `managed`."""
    found = managed(client, actor)
    if not rights(found, actor, now).system:
        raise SystemAdminRequired
    return found
