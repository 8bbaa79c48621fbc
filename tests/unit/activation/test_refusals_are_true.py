"""A refusal says what is so, at the place where it is so, and what helps."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import ERRORS, Pointed, Refused
from services.activation.domain.acts import decide
from services.activation.domain.client import Cell, Client, Disconnecting, Held
from services.activation.domain.consultants import Link
from services.activation.domain.disconnecting import ApproveDisconnection, WithdrawDisconnection
from services.activation.domain.inviting import Accept, Resend, Withdraw
from services.activation.domain.ordering import Order, Reduce
from services.activation.domain.saving import Save, Wish
from services.activation.domain.users import Edit, SetState
from tests.unit.activation.clients import (
    ANNA,
    ERIK,
    KARIN,
    RULES,
    managed,
    own,
    system_administrator,
    user_id,
    with_user,
)
from tests.unit.activation.events import NOW

DAY = timedelta(days=1)


def refusal(client: Client, act: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        decide(client, act, NOW)
    return refused.value


def code(client: Client, act: Any) -> str:
    return refusal(client, act).code


def invited() -> Client:
    return with_user(managed(), "eva", invited=True)


def test_a_wrong_address_can_be_put_right_after_five_resends_and_is_mailed_anew() -> None:
    client = invited()
    for _ in range(5):
        client = decide(client, Resend(KARIN, RULES, user_id("eva")), NOW).state
    refused = refusal(client, Resend(KARIN, RULES, user_id("eva")))
    assert (refused.code, refused.facts["retry_after_seconds"]) == ("resend_limit", 24 * 3600)

    client = decide(client, Edit(KARIN, RULES, user_id("eva"), email="eva.ny@exempelbolaget.se"), NOW).state

    assert client.invitations[user_id("eva")].mailing == 7
    decide(client, Resend(KARIN, RULES, user_id("eva")), NOW)


def test_an_invitation_cannot_be_made_to_mail_ever_other_addresses() -> None:
    client = invited()
    for number in range(5):
        client = decide(client, Edit(KARIN, RULES, user_id("eva"), email=f"e{number}@exempelbolaget.se"), NOW).state

    refused = refusal(client, Edit(KARIN, RULES, user_id("eva"), email="e5@exempelbolaget.se"))
    assert (refused.code, refused.errors[0].pointer) == ("readdress_limit", "/email")
    decide(client, Edit(KARIN, RULES, user_id("eva"), email="e5@exempelbolaget.se"), NOW + 2 * DAY)


def test_a_wrong_code_does_not_say_that_an_open_disconnection_is_closed() -> None:
    wish = Disconnecting(UUID(int=1), 1, RULES.kid, KARIN.person, NOW + DAY)
    client = replace(with_user(managed(), "olle", system_administrator("olle")), disconnecting=wish)

    refused = refusal(client, ApproveDisconnection(own("olle"), RULES, "xx", lambda *_: "right"))
    assert (refused.code, refused.errors) == ("disconnection_code_wrong", (Pointed("/code", refused.code),))
    assert code(replace(client, disconnecting=None), WithdrawDisconnection(KARIN, RULES)) == "disconnection_closed"
    assert "never" in ERRORS["disconnection_closed"].detail_en


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(user_id("per"), "system_administrator", "on", "payroll"), "cell_misfit"),
        (Wish(user_id("per"), "program_administrator", "write", "payroll"), "cell_misfit"),
        (Wish(user_id("per"), "licence", "on", "payroll", "staff"), "cell_misfit"),
        (Wish(user_id("per"), "permission", "read", "payroll"), "cell_misfit"),
        (Wish(user_id("per"), "program_administrator", "on", "chess"), "unknown_program"),
        (Wish(user_id("per"), "permission", "on", "payroll", "staff"), "level_not_allowed"),
        (Wish(user_id("per"), "system_administrator", "on", until=NOW - DAY), "end_in_past"),
    ],
)
def test_a_change_that_fits_no_cell_is_told_why(wish: Wish, expected: str) -> None:
    assert code(with_user(managed(), "per"), Save(KARIN, RULES, 0, (wish,))) == expected


def test_one_cell_twice_is_called_that() -> None:
    wish = Wish(user_id("per"), "system_administrator", "on")

    refused = refusal(with_user(managed(), "per"), Save(KARIN, RULES, 0, (wish, wish)))
    assert (refused.code, [each.pointer for each in refused.errors]) == ("cell_twice", ["/changes/1"])


def test_an_order_of_none_and_a_reduction_to_what_there_is_are_told_the_numbers_that_do() -> None:
    client = managed({"payroll": 1})

    none = refusal(client, Order(KARIN, RULES, {"payroll": 0}))
    same = refusal(client, Reduce(KARIN, RULES, UUID(int=1), "payroll", 1, "ended"))
    assert (none.code, none.facts["most"]) == ("order_out_of_range", 9998)
    assert (same.code, same.facts["left"]) == ("reduction_not_lower", 1)


def only_for_a_time() -> Client:
    """Karin is administrator for good, Per until tomorrow."""
    client = with_user(managed(), "per", system_administrator("per"), until=NOW + DAY)
    return replace(client, linked=frozenset({"karin"}))


def test_who_would_leave_an_administrator_on_time_alone_is_pointed_at_it_with_one_code() -> None:
    saved = refusal(only_for_a_time(), Save(KARIN, RULES, 0, (Wish(user_id("karin"), "system_administrator", "none"),)))
    unlinked = refusal(only_for_a_time(), Link(ANNA, RULES, ()))
    disabled = refusal(only_for_a_time(), SetState(KARIN, RULES, user_id("karin"), "disabled"))

    assert saved.errors == (Pointed("/changes/0", "permanent_admin_required"),)
    assert unlinked.errors == (Pointed("/consultants", "permanent_admin_required"),)
    assert disabled.errors == (Pointed("/state", "permanent_admin_required"),)
    assert {each.code for each in (saved, unlinked, disabled)} == {"permanent_admin_required"}
    assert saved.facts["suggestion"] == "hand_over"


@pytest.mark.parametrize("act", [Resend, Withdraw])
def test_an_administrator_is_told_of_an_invitation_that_is_closed_in_words_for_administrators(act: Any) -> None:
    client = invited()
    accept = Accept(own("eva"), RULES, client.invitations[user_id("eva")].invitation_id, "right", lambda *_: "right")
    accepted = decide(client, accept, NOW).state
    withdrawn = decide(client, Withdraw(KARIN, RULES, user_id("eva")), NOW).state

    for each in (accepted, withdrawn):
        assert code(each, act(KARIN, RULES, user_id("eva"))) == "invitation_not_open"


def test_a_consultant_who_accepts_is_not_told_of_an_address() -> None:
    client = invited()
    invitation_id = client.invitations[user_id("eva")].invitation_id

    refused = refusal(client, Accept(ERIK, RULES, invitation_id, "right", lambda *_: "right"))
    assert refused.code == "already_a_user"
    assert "e-mail" not in ERRORS[refused.code].detail_en


def test_an_administrator_on_time_is_not_called_none() -> None:
    client = only_for_a_time()
    assert client.grants[Cell(user_id("per"), "system_administrator")] == Held("on", NOW + DAY, NOW)
    assert "no end" in ERRORS["client_administrator_required"].detail_en
