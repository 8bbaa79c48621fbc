"""Why a user can or cannot do something: what is missing is named, and so is what stands in the way of mending it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import Pointed, Refused
from services.activation.domain.acts import decide
from services.activation.domain.client import Cell, Client, Held, Licence, Reduction
from services.activation.domain.explaining import Question, explain
from services.activation.domain.saving import Save, Wish
from tests.unit.activation.clients import KARIN, RULES, licence, managed, permission, user_id, with_user
from tests.unit.activation.events import NOW


def over_assigned(purchased: int, **others: int) -> Client:
    """Per and Siv have bookkeeping, of which there are fewer; Olle has nothing."""
    found = managed({"bookkeeping": 2, **others})
    for name in ("per", "siv"):
        found = with_user(found, name, licence(name, "bookkeeping"))
    fewer = {**found.licences, "bookkeeping": Licence(2, purchased, NOW + timedelta(days=30))}
    return with_user(replace(found, licences=fewer), "olle")


def asked(client: Client, name: str = "olle", part: str = "vouchers", level: Any = "read") -> dict[str, Any]:
    return explain(client, Question(user_id(name), "bookkeeping", part, level), NOW)


def link(answer: dict[str, Any], what: str) -> dict[str, Any]:
    (found,) = [each for each in answer["chain"] if each["what"] == what]
    return dict(found)


@pytest.mark.parametrize("client", [over_assigned(1), over_assigned(0), over_assigned(1, read_only=3)])
def test_that_a_program_is_over_assigned_is_named(client: Client) -> None:
    told = link(asked(client), "licence")

    assert (told["code"], told["program"]) == ("over_assigned", "bookkeeping")
    assert told["who_can_fix"]["names"] == [KARIN.name]


def test_a_licence_that_could_stand_in_is_shown_beside_the_programs_own() -> None:
    told = link(asked(over_assigned(1, read_only=3)), "licence")

    assert {each["program"]: (each["available"], each["code"]) for each in told["licences"]} == {
        "bookkeeping": (0, "over_assigned"),
        "read_only": (3, None),
    }


def test_a_reduction_that_waits_is_named_as_what_stands_in_the_way() -> None:
    waits = Reduction(UUID(int=1), "bookkeeping", 1, NOW + timedelta(days=9), "ended")
    client = with_user(managed({"bookkeeping": 2}), "per", licence("per", "bookkeeping"))
    client = with_user(replace(client, reductions={waits.reduction_id: waits}), "olle")

    assert link(asked(client), "licence")["code"] == "reduction_scheduled"


@pytest.mark.parametrize(("purchased", "more"), [(1, {}), (0, {}), (2, {}), (3, {}), (1, {"read_only": 1})])
def test_what_explain_says_of_a_licence_a_save_says_too(purchased: int, more: dict[str, int]) -> None:
    client = over_assigned(purchased, **more)
    told = link(asked(client), "licence")
    wish = Wish(user_id("olle"), "licence", "on", "bookkeeping")

    if told["code"] == "licence_required":
        decide(client, Save(KARIN, RULES, 0, (wish,)), NOW)
        return
    with pytest.raises(Refused) as refused:
        decide(client, Save(KARIN, RULES, 0, (wish,)), NOW)
    assert refused.value.code == told["code"]


def test_the_level_none_asks_for_nothing() -> None:
    assert asked(over_assigned(1), level="none") == {"allowed": True, "chain": []}


def test_of_somebody_invited_it_is_not_said_that_they_are_active() -> None:
    client = with_user(managed({"bookkeeping": 1}), "eva", licence("eva", "bookkeeping"), invited=True)
    chain = asked(client, "eva")["chain"]

    assert [each["what"] for each in chain if each["what"] in ("invitation_accepted", "user_active")] == [
        "invitation_accepted"
    ]
    assert not link({"chain": chain}, "invitation_accepted")["holds"]


def test_a_system_administrator_lacks_a_part_until_they_give_it_to_themselves() -> None:
    client = managed()
    before = asked(client, "karin")
    given = {**client.grants, permission("karin", "bookkeeping", "vouchers"): Held("read", None, NOW)}

    assert [each["code"] for each in before["chain"] if not each["holds"]] == ["permission_missing"]
    assert link(before, "permission")["who_can_fix"]["names"] == [KARIN.name]
    assert asked(replace(client, grants=given), "karin")["allowed"]


@pytest.mark.parametrize(
    ("question", "pointed"),
    [
        (Question(UUID(int=1), "bookkeeping", "vouchers", "read"), Pointed("/user_id", "unknown_user", "query")),
        (Question(user_id("per"), "chess", "board", "read"), Pointed("/program", "unknown_program", "query")),
        (Question(user_id("per"), "bookkeeping", "board", "read"), Pointed("/part", "unknown_part", "query")),
        (Question(user_id("per"), "bookkeeping", "vouchers", "on"), Pointed("/level", "level_not_allowed", "query")),
    ],
)
def test_a_question_about_what_there_is_not_is_told_where_it_is_wrong(question: Question, pointed: Pointed) -> None:
    with pytest.raises(Refused) as refused:
        explain(over_assigned(1), question, NOW)
    assert refused.value.errors == (pointed,)
    assert Cell(user_id("olle"), "licence", "bookkeeping") not in over_assigned(1).grants
