"""Reductions that wait: whom they release on their day, what fits until then, and which have nothing to do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.errors import Refused
from schemas.grants import GrantsChangedV1
from schemas.licences import LicencesChangedV1
from services.activation.domain.acts import Settle, decide
from services.activation.domain.client import Client
from services.activation.domain.ordering import Reduce
from services.activation.domain.saving import Save, Wish
from services.activation.domain.users import SetState
from services.activation.web import views
from tests.unit.activation.clients import KARIN, RULES, licence, managed, permission, user_id, with_user
from tests.unit.activation.events import NOW

DAY = timedelta(days=1)


def client() -> Client:
    """Two licences of bookkeeping, held by Per and Siv; Olle has none."""
    found = managed({"bookkeeping": 2})
    found = with_user(found, "per", licence("per", "bookkeeping"), permission("per", "bookkeeping", "vouchers"))
    return with_user(with_user(found, "siv", licence("siv", "bookkeeping")), "olle")


def reduce(it: Client, count: int, days: int = 10, *names: str, number: int = 1) -> Client:
    gone = tuple(map(user_id, names))
    act = Reduce(KARIN, RULES, UUID(int=number), "bookkeeping", count, "ended", NOW + days * DAY, gone)
    return decide(it, act, NOW).state


def code(act: Any) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def give(it: Client, name: str, program: str = "bookkeeping") -> Client:
    wish = Wish(user_id(name), "licence", "on", program)
    return decide(it, Save(KARIN, RULES, it.access_version, (wish,)), NOW).state


def test_whom_a_reduction_releases_keeps_the_licence_until_its_day_and_loses_it_then() -> None:
    waits = reduce(client(), 1, 10, "per")
    assert licence("per", "bookkeeping") in waits.grants

    came = decide(waits, Settle(RULES), NOW + 10 * DAY)

    held = {cell.user_id for cell in came.state.grants if cell.kind != "system_administrator"}
    assert held == {user_id("siv")}
    assert came.state.licences["bookkeeping"].purchased == 1
    assert came.state.licences["bookkeeping"].grace_until is None
    assert [type(say.data) for say in came.says] == [GrantsChangedV1, LicencesChangedV1]


def test_a_reduction_below_use_on_a_day_without_release_is_refused() -> None:
    assert code(lambda: reduce(client(), 1)) == "licences_in_use"
    assert code(lambda: reduce(client(), 0, 10, "per")) == "licences_in_use"
    assert code(lambda: reduce(client(), 1, 10, "olle")) == "licence_not_held"


def test_what_is_released_on_the_day_makes_no_room_before() -> None:
    waits = reduce(client(), 1, 10, "per")

    assert code(lambda: give(waits, "olle")) == "no_licence_available"


def test_a_licence_that_was_given_back_before_the_day_is_not_free_for_others() -> None:
    waits = reduce(client(), 1, 10, "per")
    gone = decide(waits, SetState(KARIN, RULES, user_id("per"), "removed"), NOW).state

    assert code(lambda: give(gone, "olle")) == "reduction_scheduled"
    came = decide(gone, Settle(RULES), NOW + 10 * DAY).state
    assert came.licences["bookkeeping"].grace_until is None


def test_a_reduction_must_go_below_what_is_left_by_then() -> None:
    waits = reduce(client(), 1, 10, "per")

    assert code(lambda: reduce(waits, 1, 20, "siv", number=2)) == "reduction_not_lower"
    assert reduce(waits, 0, 20, "per", "siv", number=2).reductions.keys() == {UUID(int=1), UUID(int=2)}


def test_a_reduction_that_an_earlier_and_lower_one_overtakes_is_marked_and_goes_with_its_day() -> None:
    later = reduce(client(), 1, 20, "per")
    both = reduce(later, 0, 10, "per", "siv", number=2)
    assert [(each["count"], each["overtaken"]) for each in views.reductions(both)] == [(0, False), (1, True)]

    came = decide(both, Settle(RULES), NOW + 10 * DAY)

    assert came.state.reductions == {}
    gone = [each for each in came.state.noted if each.kind == "reduction" and each.after is None]
    assert {each.before["count"] for each in gone if each.before} == {0, 1}


def test_one_that_onboarding_asked_for_waits_for_its_day_and_its_answer() -> None:
    later = reduce(client(), 1, 20, "per")
    asked = replace(later.reductions[UUID(int=1)], request_id=UUID(int=9))
    both = reduce(replace(later, reductions={UUID(int=1): asked}), 0, 10, "per", "siv", number=2)

    came = decide(both, Settle(RULES), NOW + 10 * DAY).state
    assert came.reductions.keys() == {UUID(int=1)}

    answer = decide(came, Settle(RULES), NOW + 20 * DAY)
    assert [say.data.request_id for say in answer.says if isinstance(say.data, LicencesChangedV1)] == [UUID(int=9)]


def test_where_more_come_in_between_nothing_is_overtaken() -> None:
    later = reduce(client(), 1, 20, "per")
    more = replace(later.reductions[UUID(int=1)], reduction_id=UUID(int=3), count=4, effective_at=NOW + 15 * DAY)
    rising = replace(later, reductions={**later.reductions, UUID(int=3): replace(more, rises=True)})
    all_three = reduce(rising, 0, 10, "per", "siv", number=2)

    assert not any(each["overtaken"] for each in views.reductions(all_three))
    assert decide(all_three, Settle(RULES), NOW + 20 * DAY).state.licences["bookkeeping"].purchased == 1
