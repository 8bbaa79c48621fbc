"""Clients that are managed, for tests: activated by Karin, with licences, users and invitations as named."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from schemas.values import Person
from services.activation.domain.agency import Consultant
from services.activation.domain.arrow import activate
from services.activation.domain.client import Cell, Client, Held, Invitation, Licence, Member, Rules
from services.activation.domain.rights import Actor
from tests.unit.activation.events import CLIENT, NOW, arrow, listed

RULES = Rules(kid="links-2026-01")
MANAGER, AGENCY_ADMIN = frozenset({"client_manager"}), frozenset({"client_manager", "agency_admin"})

KARIN = Actor("karin", "Karin Karlsson", "byra-ett", MANAGER, email="karin@byra-ett.se")
ERIK = Actor("erik", "Erik Ek", "byra-ett", MANAGER, email="erik@byra-ett.se")
ANNA = Actor("anna", "Anna Alm", "byra-ett", AGENCY_ADMIN, email="anna@byra-ett.se")
STRANGER = Actor("sten", "Sten Sten", "byra-annan", AGENCY_ADMIN)

STAFF = {
    each.sub: Consultant(each.sub, each.name, f"{each.sub}@byra-ett.se", "sv", tuple(each.roles))
    for each in (KARIN, ERIK, ANNA)
}


def user_id(name: str) -> UUID:
    """The id of the test user of this name; a consultant's is that of their subject."""
    return uuid5(CLIENT, name)


def own(name: str) -> Actor:
    """A user of the client's own, signed in."""
    return Actor(name, name.title(), "byra-ett", frozenset(), client=CLIENT, email=f"{name}@exempelbolaget.se")


def managed(counts: Mapping[str, int] | None = None, at: datetime = NOW) -> Client:
    """A client that Karin has activated, with so many licences of each program."""
    activation = activate(listed(), arrow("karin"), at).state
    karin = Member(user_id("karin"), "consultant", "karin", KARIN.name, "karin@byra-ett.se", "sv", "active", at)
    return Client(
        activation=replace(activation, joined=()),
        licences={program: Licence(count, count) for program, count in (counts or {}).items()},
        users={karin.user_id: karin},
        grants={Cell(karin.user_id, "system_administrator"): Held("on", None, at)},
        staff=STAFF,
    )


def with_user(client: Client, name: str, *cells: Cell, invited: bool = False, until: datetime | None = None) -> Client:
    """The client with one user of its own more, who holds these cells at `write` or `on`."""
    user = Member(
        user_id(name),
        "client",
        None if invited else name,
        name.title(),
        f"{name}@exempelbolaget.se",
        "sv",
        "invited" if invited else "active",
        None if invited else NOW,
    )
    grants = {cell: Held("write" if cell.kind == "permission" else "on", until, NOW) for cell in cells}
    invitation = Invitation(
        uuid5(user.user_id, "invitation"),
        user.user_id,
        "open",
        1,
        1,
        RULES.kid,
        Person(sub="karin", name=KARIN.name),
        NOW + timedelta(days=7),
    )
    return replace(
        client,
        users={**client.users, user.user_id: user},
        grants={**client.grants, **grants},
        invitations={**client.invitations, user.user_id: invitation} if invited else client.invitations,
    )


def licence(name: str, program: str) -> Cell:
    return Cell(user_id(name), "licence", program)


def permission(name: str, program: str, part: str) -> Cell:
    return Cell(user_id(name), "permission", program, part)


def program_administrator(name: str, program: str) -> Cell:
    return Cell(user_id(name), "program_administrator", program)


def system_administrator(name: str) -> Cell:
    return Cell(user_id(name), "system_administrator")
