"""Identity numbers: the published vectors, every way of writing them, and what is refused with which code."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ERRORS
from services.onboarding.domain.identity_numbers import (
    IdentityNumber,
    NumberInvalid,
    organisation_number,
    personal_number,
)
from tests.told_numbers import tells_number

TODAY = date(2026, 11, 23)


def code_of(read: Callable[[str, date], IdentityNumber], text: str, today: date = TODAY) -> str:
    with pytest.raises(NumberInvalid) as refused:
        read(text, today)
    return refused.value.code


@pytest.mark.parametrize("number", ["556036-0793", "212000-0142", "802000-1239"])
def test_published_organisation_numbers_are_read(number: str) -> None:
    assert organisation_number(number, TODAY) == IdentityNumber("16" + number.replace("-", ""), "organisation")


@pytest.mark.parametrize(
    "written",
    [
        "5560360793",
        "556036-0793",
        "165560360793",
        "16556036-0793",
        "16 556036-0793",
        " 556036 0793 ",
        "556036–0793",
        "556036−0793",
        "556036\N{NO-BREAK SPACE}0793",
        "５５６０３６－０７９３",
        "５５６０３６０７９３",
    ],
)
def test_an_organisation_number_is_read_as_people_write_it(written: str) -> None:
    assert organisation_number(written, TODAY).canonical == "165560360793"


@pytest.mark.parametrize(
    ("number", "canonical", "kind"),
    [
        ("811218-9876", "198112189876", "person"),
        ("000229-1235", "200002291235", "person"),
        ("19811218-9876", "198112189876", "person"),
        ("198112189876", "198112189876", "person"),
        ("8112189876", "198112189876", "person"),
        ("811218–9876", "198112189876", "person"),
        ("８１１２１８９８７６", "198112189876", "person"),
        ("121272-1219", "201212721219", "coordination"),
        ("701061-1239", "197010611239", "coordination"),
        ("701063-2391", "197010632391", "coordination"),
        ("850709-9805", "198507099805", "person"),
    ],
)
def test_published_personal_and_coordination_numbers_are_read(number: str, canonical: str, kind: str) -> None:
    read = personal_number(number, TODAY)
    assert (read.canonical, read.kind) == (canonical, kind)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("556036-0794", "invalid_check_digit"),
        ("551360-0790", "invalid_org_number"),
        ("850709-9805", "identity_is_personal"),
        ("19850709-9805", "identity_is_personal"),
        ("701063-2391", "identity_is_personal"),
        ("261231-1239", "identity_is_personal"),
        ("2612311239", "identity_is_personal"),
        ("556036+0793", "invalid_org_number"),
        ("205560360793", "invalid_org_number"),
        ("556036079", "invalid_org_number"),
        ("55603607933", "invalid_org_number"),
        ("55-60360793", "invalid_org_number"),
        ("५५६०३६०७९३", "invalid_org_number"),
        ("", "invalid_org_number"),
        ("Exempelbolaget", "invalid_org_number"),
    ],
)
def test_what_is_no_organisation_number_is_refused_by_its_code(number: str, code: str) -> None:
    assert code_of(organisation_number, number) == code


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("121272-1212", "invalid_check_digit"),
        ("010229-1234", "invalid_personal_number"),
        ("701092-1232", "invalid_personal_number"),
        ("701060-1230", "invalid_personal_number"),
        ("556036-0793", "invalid_personal_number"),
        ("16811218-9876", "invalid_personal_number"),
        ("811218", "invalid_personal_number"),
        ("261231-1239", "identity_date_in_future"),
        ("20261231-1239", "identity_date_in_future"),
        ("202612311239", "identity_date_in_future"),
        ("2612311239", "identity_century_required"),
    ],
)
def test_what_is_no_personal_number_is_refused_by_its_code(number: str, code: str) -> None:
    assert code_of(personal_number, number) == code


def test_a_plus_says_that_the_person_turned_hundred_this_year_or_before() -> None:
    assert personal_number("261231+1239", TODAY).canonical == "192612311239"


def test_the_same_number_is_no_future_date_once_the_day_has_come() -> None:
    assert personal_number("261231-1239", date(2026, 12, 31)).canonical == "202612311239"


def test_a_minus_stays_until_the_year_of_turning_hundred() -> None:
    assert personal_number("811218-9876", date(2080, 12, 31)).canonical == "198112189876"
    assert code_of(personal_number, "811218-9876", date(2081, 1, 1)) == "identity_date_in_future"


def test_a_persons_number_is_shown_masked_and_an_organisations_in_the_open() -> None:
    assert personal_number("19811218-9876", TODAY).masked == "811218-••••"
    assert personal_number("701063-2391", TODAY).masked == "701063-••••"
    assert organisation_number("5560360793", TODAY).masked == "556036-0793"


def test_a_persons_number_does_not_stand_in_its_repr() -> None:
    assert not tells_number(repr(personal_number("811218-9876", TODAY)))


def outcome(read: Callable[[str, date], IdentityNumber], text: str) -> str:
    """The canonical number, or the code of the refusal."""
    try:
        return read(text, TODAY).canonical
    except NumberInvalid as refused:
        return refused.code


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    for read in (organisation_number, personal_number):
        assert len(outcome(read, text)) == 12 or outcome(read, text) in ERRORS


@given(st.integers(0, 999_999_999))
def test_exactly_one_check_digit_makes_an_organisation_number(nine: int) -> None:
    body = f"{nine:09d}"
    body = body[:2] + str(2 + int(body[2]) % 8) + body[3:]
    outcomes = [outcome(organisation_number, body + digit) for digit in "0123456789"]
    assert outcomes.count("invalid_check_digit") == 9


@pytest.mark.parametrize("separator", ["", "-", "–", " ", " - "])
def test_the_canonical_form_reads_as_itself(separator: str) -> None:
    read = personal_number(f"19811218{separator}9876", TODAY)
    assert personal_number(read.canonical, TODAY) == read
