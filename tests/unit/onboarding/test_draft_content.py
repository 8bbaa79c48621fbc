"""The content of a draft: kept as typed, shown masked, inspected by the rule book."""

from typing import Any

import pytest

from services.onboarding.domain.draft_content import (
    Content,
    ContentTooDeep,
    Step,
    StepMissing,
    inspect,
    shown,
    started,
    storable,
    with_step,
)
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import TODAY, content, sole_trader


def put(before: Content, step: Step, **body: Any) -> Content:
    return with_step(before, step, body, TODAY)


def found(sent: Content) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in inspect(sent, TODAY).errors]


def test_an_empty_draft_has_empty_steps_and_nothing_wrong() -> None:
    inspection = inspect({}, TODAY)
    assert dict(inspection.steps) == {1: "empty", 2: "empty", 3: "empty"}
    assert inspection.errors == ()


def test_each_step_is_complete_by_itself() -> None:
    whole = content()
    draft: Content = {}
    states = []
    for step, part in ((1, "access"), (2, "details"), (3, "licences")):
        draft = with_step(draft, step, {part: whole[part]}, TODAY)
        states.append(list(inspect(draft, TODAY).steps.values()))
    assert states == [
        ["complete", "empty", "empty"],
        ["complete", "complete", "empty"],
        ["complete", "complete", "complete"],
    ]


def test_a_step_with_errors_is_stored_and_told() -> None:
    draft = put({}, 2, details=content(details__name="", details__address__postal_code="1")["details"])
    assert inspect(draft, TODAY).steps[2] == "incomplete"
    assert found(draft) == [
        ("/details/name", "required"),
        ("/details/address/postal_code", "invalid_postal_code"),
    ]


@pytest.mark.parametrize("value", ["x", [], 7, {}])
def test_whatever_a_step_is_it_is_told_what_is_wrong(value: Any) -> None:
    draft = put({}, 1, access=value)
    assert inspect(draft, TODAY).steps[1] == "incomplete"
    assert found(draft)


def test_a_step_that_is_null_is_emptied_and_one_that_is_not_there_is_refused() -> None:
    draft = put(started(content()), 2, details=None)
    assert inspect(draft, TODAY).steps[2] == "empty"
    with pytest.raises(StepMissing) as refused:
        put(draft, 2, name="Exempelbolaget AB")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/details", "required")]


def test_what_stands_beside_the_steps_is_read_too() -> None:
    draft = put({}, 1, access=None, external_ref="", locale="de")
    assert found(draft) == [("/external_ref", "required"), ("/locale", "invalid_choice")]
    assert found(put(draft, 1, access=None, external_ref="A-1", locale=None)) == []


def test_licences_are_asked_for_before_the_interval_is_known() -> None:
    draft = put({}, 1, access={"program_access": True})
    draft = put(draft, 3, licences={"confirmation_email": "a@b.se"})
    assert ("/licences/counts", "licences_required") in found(draft)


def test_without_program_access_step_3_asks_for_the_address_alone() -> None:
    draft = put({}, 1, access={"program_access": False, "invoice_interval": "year"})
    assert inspect(put(draft, 3, licences={"confirmation_email": "a@b.se"}), TODAY).steps[3] == "complete"
    assert found(put(draft, 3, licences={"counts": {"invoicing": 1}, "confirmation_email": "a@b.se"})) == [
        ("/licences/counts", "licences_not_allowed")
    ]


def test_what_step_3_ordered_is_set_aside_without_access_and_comes_back_with_it() -> None:
    draft = started(content())
    without = put(draft, 1, access={"program_access": False, "invoice_interval": "year"})
    assert found(without) == []
    assert without["licences"] == {"counts": {}, "confirmation_email": "anna@exempelbolaget.se"}
    assert without["set_aside"] == {"counts": {"bookkeeping": 2, "invoicing": 1}}
    again = put(without, 1, access=content()["access"])
    assert again == draft


def test_what_was_set_aside_gives_way_to_what_was_ordered_since() -> None:
    draft = put(started(content()), 1, access={"program_access": False, "invoice_interval": "year"})
    draft = put(draft, 3, licences={"counts": {"payroll": 1}, "confirmation_email": "a@b.se"})
    draft = put(draft, 1, access=content()["access"])
    assert draft["licences"]["counts"] == {"payroll": 1}
    assert "set_aside" not in draft


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("811218-9876", "811218-••••"),
        ("19811218 9876", "811218-••••"),
        ("701061-1239", "701061-••••"),
        ("556036-0793", "556036-0793"),
        ("811218-98", "••••"),
        ("811218-9877", "••••"),
        (8112189876, "••••"),
        (["811218-98", {"a": "811218"}], ["••••", {"a": "••••"}]),
        ("", ""),
        (None, None),
    ],
)
def test_a_number_is_shown_masked_and_nothing_of_what_is_none(number: Any, mask: Any) -> None:
    draft = put({}, 2, details={"identity": {"kind": "sole_trader", "number": number}})
    assert shown(draft, TODAY)["details"]["identity"]["number"] == mask


def test_a_number_in_any_other_place_is_not_shown() -> None:
    draft = put(
        {},
        3,
        licences={"counts": {"811218-9876": 1, "payroll": 8112189876}, "confirmation_email": "8112189876@b.se"},
        external_ref=["nr 811218-9876"],
    )
    assert not tells_number(str(shown(draft, TODAY)))
    assert "9876" in str(draft)


@pytest.mark.parametrize("number", ["811218-9876", "811218-98", "556036-0793"])
def test_a_mask_that_comes_back_keeps_the_number(number: str) -> None:
    draft = put({}, 2, details={"name": "Eva", "identity": sole_trader(number)})
    back = shown(draft, TODAY)["details"] | {"name": "Eva Ek"}
    assert put(draft, 2, details=back)["details"] == {"name": "Eva Ek", "identity": sole_trader(number)}


def test_a_mask_of_another_number_is_none() -> None:
    draft = put({}, 2, details={"identity": sole_trader("811218-9876")})
    other = put(draft, 2, details={"identity": sole_trader("701061-••••")})
    assert ("/details/identity/number", "invalid_personal_number") in found(other)


def test_half_a_character_is_wrong_in_a_draft_as_it_is_in_a_request() -> None:
    for half in ("\ud800", "\udbff", "\udc00", "\udfff"):
        assert ("/details/name", "invalid_value") in found(put({}, 2, details={"name": f"bolag{half}et"}))


def test_what_no_json_answer_can_hold_is_made_into_what_it_can() -> None:
    assert storable({"a": float("nan"), "b": "x\ud800"}) == {"a": None, "b": "x\x00"}
    nested: Any = 1
    for _ in range(33):
        nested = [nested]
    with pytest.raises(ContentTooDeep):
        storable(nested)
