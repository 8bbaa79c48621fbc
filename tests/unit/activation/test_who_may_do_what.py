"""The whole table of the rule book (§7.5): each act, in each role, is allowed or refused with the code it names."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import Refused
from services.activation.domain.acts import decide
from services.activation.domain.client import Client, Disconnecting
from services.activation.domain.consultants import Link
from services.activation.domain.disconnecting import ApproveDisconnection, RequestDisconnection
from services.activation.domain.inviting import Invite
from services.activation.domain.ordering import CancelReduction, Order, Reduce, SetProgramAccess
from services.activation.domain.restoring import RequestRestoration
from services.activation.domain.rights import Actor
from services.activation.domain.saving import Save, Wish
from services.activation.domain.users import Edit, SetState
from tests.unit.activation.clients import (
    ANNA,
    ERIK,
    KARIN,
    RULES,
    licence,
    managed,
    own,
    program_administrator,
    system_administrator,
    user_id,
    with_user,
)
from tests.unit.activation.events import NOW

OPERATOR = Actor("op-1", "Operatör Ett", "byra-ett", frozenset({"operator"}))
ROLES = {
    "system administrator": KARIN,
    "client's own system administrator": own("olle"),
    "program administrator": own("siv"),
    "client user": own("per"),
    "consultant without a role": ERIK,
    "agency administrator": ANNA,
    "operator": OPERATOR,
}
SYSTEM = {"system administrator", "client's own system administrator"}
PROGRAM = SYSTEM | {"program administrator"}


def client() -> Client:
    """Olle is system administrator, Siv administrates bookkeeping, Per has a licence of it, Eva is invited."""
    found = managed({"bookkeeping": 5, "invoicing": 5})
    found = with_user(found, "olle", system_administrator("olle"))
    found = with_user(found, "siv", program_administrator("siv", "bookkeeping"))
    found = with_user(found, "per", licence("per", "bookkeeping"))
    found = with_user(found, "eva", invited=True)
    wish = Disconnecting(UUID(int=9), 1, RULES.kid, KARIN.person, NOW + timedelta(days=7))
    return replace(found, disconnecting=wish)


def save(kind: Any, program: str = "", part: str = "", level: Any = "on", of: str = "per") -> Any:
    return lambda actor: Save(actor, RULES, 0, (Wish(user_id(of), kind, level, program, part),))


def invite(*wishes: Any) -> Any:
    key = UUID(int=5)
    return lambda actor: Invite(
        actor,
        RULES,
        key,
        UUID(int=6),
        "Ida",
        "ida@exempelbolaget.se",
        "sv",
        tuple(replace(each, user_id=key) for each in wishes),
    )


BOOKKEEPING = Wish(user_id("x"), "licence", "on", "bookkeeping")
INVOICING = Wish(user_id("x"), "licence", "on", "invoicing")

ACTS: dict[str, tuple[Any, set[str], dict[str, str]]] = {
    "add a user": (invite(), SYSTEM, {"": "user_admin_required"}),
    "add a user with a licence of the own program": (invite(BOOKKEEPING), PROGRAM, {"": "user_admin_required"}),
    "add a user with a licence of another program": (invite(INVOICING), SYSTEM, {"": "user_admin_required"}),
    "add a user with licences of the own and another program": (
        invite(BOOKKEEPING, INVOICING),
        SYSTEM,
        {"program administrator": "program_admin_required", "": "user_admin_required"},
    ),
    "edit another's contact data": (
        lambda actor: Edit(actor, RULES, user_id("eva"), name="Eva Ny"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "edit one's own contact data": (
        lambda actor: Edit(actor, RULES, user_id("per"), name="Per Ny"),
        SYSTEM | {"client user"},
        {"": "system_admin_required"},
    ),
    "disable a user": (
        lambda actor: SetState(actor, RULES, user_id("per"), "disabled"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "remove a user": (
        lambda actor: SetState(actor, RULES, user_id("per"), "removed"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "assign a licence of the own program": (
        save("licence", "bookkeeping", of="eva"),
        PROGRAM,
        {"": "program_admin_required"},
    ),
    "assign a licence of another program": (save("licence", "invoicing"), SYSTEM, {"": "program_admin_required"}),
    "take a licence of the own program": (
        save("licence", "bookkeeping", level="none"),
        PROGRAM,
        {"": "program_admin_required"},
    ),
    "set a part of the own program": (
        save("permission", "bookkeeping", "vouchers", "write"),
        PROGRAM,
        {"": "program_admin_required"},
    ),
    "set a shared part that the own program has": (
        save("permission", "registers", "projects", "read"),
        PROGRAM,
        {"": "program_admin_required"},
    ),
    "appoint a program administrator": (
        save("program_administrator", "bookkeeping"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "revoke a program administrator": (
        save("program_administrator", "bookkeeping", level="none", of="siv"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "appoint a system administrator": (save("system_administrator"), SYSTEM, {"": "system_admin_required"}),
    "revoke a system administrator": (
        save("system_administrator", level="none", of="olle"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "order licences": (
        lambda actor: Order(actor, RULES, {"payroll": 1}),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "reduce licences": (
        lambda actor: Reduce(actor, RULES, UUID(int=7), "bookkeeping", 4, "ended"),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "schedule a reduction": (
        lambda actor: Reduce(actor, RULES, UUID(int=7), "bookkeeping", 4, "ended", NOW + timedelta(days=3)),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "turn programs on or off": (
        lambda actor: SetProgramAccess(actor, RULES, program_access=True),
        SYSTEM,
        {"": "system_admin_required"},
    ),
    "approve a disconnection": (
        lambda actor: ApproveDisconnection(actor, RULES),
        {"client's own system administrator"},
        {"": "system_admin_required"},
    ),
    "link consultants": (
        lambda actor: Link(actor, RULES, ("karin", "erik")),
        {"agency administrator"},
        {"": "agency_admin_required"},
    ),
    "restore an administrator": (
        lambda actor: RequestRestoration(actor, RULES, "erik", "other"),
        set(),
        {"operator": "client_not_locked_out", "": "operator_required"},
    ),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_in_a_role_is_allowed_or_refused_as_the_table_says(act: str, role: str) -> None:
    make, allowed, refusals = ACTS[act]

    if role in allowed:
        decide(client(), make(ROLES[role]), NOW)
        return
    with pytest.raises(Refused) as refused:
        decide(client(), make(ROLES[role]), NOW)
    assert refused.value.code == refusals.get(role, refusals[""])


def test_a_save_cannot_use_a_right_that_it_gives() -> None:
    wishes = (
        Wish(user_id("siv"), "program_administrator", "on", "invoicing"),
        Wish(user_id("per"), "licence", "on", "invoicing"),
    )

    with pytest.raises(Refused) as refused:
        decide(client(), Save(own("siv"), RULES, 0, wishes), NOW)

    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        ("/changes/0", "system_admin_required"),
        ("/changes/1", "program_admin_required"),
    ]


def test_clients_that_are_not_there_for_somebody_are_not_told_apart_from_none() -> None:
    strangers = [
        Actor("sten", "Sten", "byra-annan", frozenset({"agency_admin"})),
        Actor("per", "Per", "byra-ett", frozenset(), client=UUID(int=1)),
        own("nobody"),
    ]
    for actor in strangers:
        with pytest.raises(Refused) as refused:
            decide(client(), CancelReduction(actor, RULES, UUID(int=1)), NOW)
        assert refused.value.code == "not_found"


def test_in_an_agency_of_linked_consultants_the_others_see_nothing() -> None:
    closed = replace(client(), seen_by_all=False)

    with pytest.raises(Refused) as refused:
        decide(closed, RequestDisconnection(ERIK, RULES, UUID(int=1)), NOW)
    assert refused.value.code == "not_found"
    decide(closed, Link(ANNA, RULES, ("erik", "karin")), NOW)
