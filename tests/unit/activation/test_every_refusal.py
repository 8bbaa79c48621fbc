"""Every code that the rules of activation refuse with, each provoked; none stands in the catalogue for nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import ERRORS, Refused
from schemas.programs import PROGRAMS, Programs
from services.activation.domain.acts import decide
from services.activation.domain.arrow import activate
from services.activation.domain.cancelling import cancel
from services.activation.domain.client import Client, Disconnecting, Licence, Reduction, Restoring
from services.activation.domain.consultants import HandOver, Link, Reassign
from services.activation.domain.disconnecting import ApproveDisconnection, RequestDisconnection
from services.activation.domain.explaining import Question, explain
from services.activation.domain.inviting import Accept, Invite, Resend
from services.activation.domain.ordering import CancelReduction, Order, Reduce
from services.activation.domain.restoring import ConfirmRestoration, RequestRestoration
from services.activation.domain.saving import MOST_CHANGES, Save, Wish
from services.activation.domain.users import Edit, SetState
from tests.integration.activation.test_refusals_over_http import OVER_HTTP
from tests.unit.activation.clients import (
    ANNA,
    ERIK,
    KARIN,
    RULES,
    licence,
    managed,
    own,
    permission,
    system_administrator,
    user_id,
    with_user,
)
from tests.unit.activation.events import CLIENT, NOW, arrow, cancellation, listed
from tests.unit.activation.test_who_may_do_what import OPERATOR

ID = UUID(int=1)
DAY = timedelta(days=1)


def base(**changes: Any) -> Client:
    found = with_user(managed({"bookkeeping": 1, "read_only": 1}), "per", licence("per", "bookkeeping"))
    found = with_user(found, "eva", invited=True)
    found = with_user(found, "siv", licence("siv", "read_only"))
    return replace(found, **changes)


def changed(client: Client, **changes: Any) -> Client:
    return replace(client, activation=replace(client.activation, **changes))


def save(*wishes: Wish, client: Client | None = None, actor: Any = KARIN, version: int = 0) -> Callable[[], Any]:
    return lambda: decide(client or base(), Save(actor, RULES, version, wishes), NOW)


def wish(name: str, kind: Any, program: str = "", part: str = "", level: Any = "on", **more: Any) -> Wish:
    return Wish(user_id(name), kind, level, program, part, **more)


def act(it: Any, client: Client | None = None) -> Callable[[], Any]:
    return lambda: decide(client or base(), it, NOW)


def accept(state: Any = "open", actor: Any = None, code: str = "right") -> Callable[[], Any]:
    client = base()
    (invitation,) = client.invitations.values()
    client = replace(client, invitations={invitation.user_id: replace(invitation, state=state)})
    who = actor or own("eva")
    return act(Accept(who, RULES, invitation.invitation_id, code, lambda *_: "right"), client)


def over_assigned() -> Client:
    return base(licences={"bookkeeping": Licence(2, 0, NOW + DAY), "read_only": Licence(1, 1)})


def scheduled(*, by_source: bool = False) -> Client:
    waits = Reduction(ID, "bookkeeping", 1, NOW + DAY, "ended", by_source)
    return base(licences={"bookkeeping": Licence(2, 2)}, reductions={ID: waits})


def locked_out() -> Client:
    found = base()
    return replace(
        found,
        grants={cell: held for cell, held in found.grants.items() if cell.kind != "system_administrator"},
        restoring=Restoring("erik", "other", OPERATOR.sub, NOW),
    )


def with_a_wish(client: Client) -> Client:
    return replace(client, disconnecting=Disconnecting(ID, 1, RULES.kid, KARIN.person, NOW + DAY))


def removed_consultant() -> Client:
    return decide(base(), Link(ANNA, RULES, ("karin", "erik")), NOW).state


REFUSALS: dict[str, Callable[[], Any]] = {
    "user_admin_required": act(Invite(ERIK, RULES, ID, ID, "Ida", "ida@x.se", "sv")),
    "system_admin_required": act(SetState(ERIK, RULES, user_id("per"), "disabled")),
    "program_admin_required": save(wish("per", "licence", "bookkeeping", level="none"), actor=ERIK),
    "agency_admin_required": act(Link(KARIN, RULES, ("karin",))),
    "client_manager_required": act(Reassign(own("per"), RULES, None)),
    "operator_required": act(ConfirmRestoration(KARIN, RULES, "erik")),
    "second_operator_required": act(ConfirmRestoration(OPERATOR, RULES, "erik"), locked_out()),
    "no_licence_available": save(wish("eva", "licence", "bookkeeping")),
    "program_not_ordered": save(wish("per", "licence", "payroll")),
    "licence_required": save(wish("per", "permission", "invoicing", "customer_invoices", "read")),
    "level_not_allowed": save(wish("per", "permission", "bookkeeping", "vouchers", "on")),
    "level_exceeds_licence": save(wish("siv", "permission", "bookkeeping", "vouchers", "write")),
    "parent_permission_required": save(wish("per", "permission", "bookkeeping", "voucher_templates", "read")),
    "unknown_part": save(wish("per", "permission", "bookkeeping", "nothing", "read")),
    "over_assigned": save(wish("eva", "licence", "bookkeeping"), client=with_user(over_assigned(), "eva")),
    "reduction_scheduled": save(wish("eva", "licence", "bookkeeping"), client=scheduled()),
    "licences_in_use": act(Reduce(KARIN, RULES, ID, "bookkeeping", 0, "ended")),
    "last_system_administrator": act(SetState(KARIN, RULES, user_id("karin"), "removed")),
    "permanent_admin_required": save(wish("karin", "system_administrator", until=NOW + DAY)),
    "stale_version": save(version=7, client=base(access_version=8)),
    "unknown_version": save(version=7),
    "consultant_leaving": lambda: activate(replace(listed(), leaving=frozenset({"erik"})), arrow("erik"), NOW),
    "unknown_user": save(wish("nobody", "licence", "bookkeeping")),
    "user_exists": act(Invite(KARIN, RULES, ID, ID, "Per", "PER@exempelbolaget.se", "sv")),
    "user_not_active": act(SetState(KARIN, RULES, user_id("eva"), "disabled")),
    "unknown_invitation": accept(code="wrong"),
    "invitation_expired": accept("expired"),
    "invitation_used": accept("accepted"),
    "invitation_withdrawn": accept("withdrawn"),
    "invitation_not_open": act(Resend(KARIN, RULES, user_id("per"))),
    "already_a_user": accept(actor=own("per")),
    "consultant_not_linked": save(
        wish("erik", "system_administrator"),
        client=decide(removed_consultant(), Link(ANNA, RULES, ("karin",)), NOW).state,
    ),
    "consultant_needs_no_licence": save(wish("karin", "licence", "bookkeeping")),
    "licence_not_held": act(Reduce(KARIN, RULES, ID, "bookkeeping", 0, "ended", release=(user_id("siv"),))),
    "unknown_client": lambda: cancel(None, cancellation(), NOW),
    "client_not_locked_out": act(RequestRestoration(OPERATOR, RULES, "erik", "other")),
    "reduction_by_source": act(CancelReduction(KARIN, RULES, ID), scheduled(by_source=True)),
    "kept_by_the_agency": act(Edit(KARIN, RULES, user_id("karin"), name="Karin Ny")),
    "already_activated": lambda: activate(base().activation, arrow("erik"), NOW),
    "activation_not_allowed": lambda: activate(listed(), arrow(roles=frozenset()), NOW),
    "kyc_required": lambda: activate(listed(), arrow(kyc_required=True), NOW),
    "client_cancelled": act(Order(KARIN, RULES, {}), changed(base(), status="cancelled")),
    "client_not_activated": act(Order(KARIN, RULES, {}), changed(base(), status="pending", activated_at=None)),
    "client_disconnected": act(Order(KARIN, RULES, {}), changed(base(), status="disconnected")),
    "client_erased": act(Order(KARIN, RULES, {}), changed(base(), client_name="")),
    "handover_to_self": act(HandOver(ANNA, RULES, ID, "karin", "karin")),
    "not_reassignable": act(Reassign(KARIN, RULES, None), changed(base(), status="cancelled")),
    "disconnection_pending": act(
        RequestDisconnection(KARIN, RULES, ID),
        with_a_wish(with_user(base(), "olle", system_administrator("olle"))),
    ),
    "disconnection_closed": act(
        ApproveDisconnection(own("olle"), RULES), with_user(base(), "olle", system_administrator("olle"))
    ),
    "disconnection_code_wrong": act(
        ApproveDisconnection(own("olle"), RULES, "wrong", lambda *_: "right"),
        with_a_wish(with_user(base(), "olle", system_administrator("olle"))),
    ),
    "client_administrator_required": act(RequestDisconnection(KARIN, RULES, ID)),
    "cell_twice": save(wish("per", "licence", "bookkeeping"), wish("per", "licence", "bookkeeping", level="none")),
    "cell_misfit": save(wish("per", "system_administrator", "bookkeeping")),
    "end_of_nothing": save(wish("per", "licence", "bookkeeping", level="none", until=NOW + DAY)),
    "end_in_past": save(wish("per", "system_administrator", until=NOW)),
    "order_out_of_range": act(Order(KARIN, RULES, {"bookkeeping": 9999})),
    "reduction_not_lower": act(Reduce(KARIN, RULES, ID, "bookkeeping", 1, "ended")),
    "effective_at_in_past": act(Reduce(KARIN, RULES, ID, "bookkeeping", 0, "ended", NOW - DAY)),
    "too_many_items": save(*[wish("per", "licence", "bookkeeping")] * (MOST_CHANGES + 1)),
    "reason_required": act(Reduce(KARIN, RULES, ID, "bookkeeping", 0, None)),
    "unknown_program": act(Order(KARIN, RULES, {"chess": 1})),
    "licences_not_allowed": act(Order(KARIN, RULES, {"bookkeeping": 1}), changed(base(), program_access=False)),
    "unknown_consultant": act(Link(ANNA, RULES, ("nobody",))),
    "not_found": act(CancelReduction(KARIN, RULES, ID)),
    "readdress_limit": act(
        Edit(KARIN, RULES, user_id("eva"), email="ny@exempelbolaget.se"),
        base(invitations={key: replace(each, readdressed_on=(NOW,) * 5) for key, each in base().invitations.items()}),
    ),
    "resend_limit": act(
        Resend(KARIN, RULES, user_id("eva")),
        base(invitations={key: replace(each, resends_on=(NOW,) * 5) for key, each in base().invitations.items()}),
    ),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_has_its_code(code: str) -> None:
    with pytest.raises(Refused) as refused:
        REFUSALS[code]()
    assert refused.value.code == code
    assert ERRORS[code].status >= 400


def test_a_retired_program_can_be_taken_away_and_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    retired = replace(PROGRAMS.programs["bookkeeping"], retired=True)
    programs = Programs({**PROGRAMS.programs, "bookkeeping": retired}, PROGRAMS.groups)
    for module in ("seats", "licences"):
        monkeypatch.setattr(f"services.activation.domain.{module}.PROGRAMS", programs)

    with pytest.raises(Refused) as assigned:
        save(wish("eva", "licence", "bookkeeping"), client=base(licences={"bookkeeping": Licence(9, 9)}))()
    with pytest.raises(Refused) as ordered:
        act(Order(KARIN, RULES, {"bookkeeping": 1}))()

    assert {assigned.value.code, ordered.value.code} == {"program_retired"}
    save(wish("per", "licence", "bookkeeping", level="none"))()


ELSEWHERE = {
    "program_retired",  # above, with a catalogue of its own
    "permission_missing",  # a link of `explain`: test_explain_names_the_missing_link_and_who_can_mend_it
}


def test_every_code_that_activation_owns_is_provoked_by_a_test() -> None:
    owned = {code for code, text in ERRORS.items() if "activation" in text.owners}

    assert owned - set(REFUSALS) - set(OVER_HTTP) - ELSEWHERE == set()


def test_why_is_asked_of_what_there_is() -> None:
    for question, code in (
        (Question(ID, "bookkeeping", "vouchers", "read"), "unknown_user"),
        (Question(user_id("per"), "chess", "nothing", "read"), "unknown_program"),
        (Question(user_id("per"), "bookkeeping", "nothing", "read"), "unknown_part"),
        (Question(user_id("per"), "bookkeeping", "vouchers", "on"), "level_not_allowed"),
    ):
        with pytest.raises(Refused) as refused:
            explain(base(), question, NOW)
        assert refused.value.code == code
    assert base().activation.client_id == CLIENT
    assert permission("per", "bookkeeping", "vouchers") not in base().grants
