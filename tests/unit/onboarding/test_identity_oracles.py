"""Identity numbers beside three libraries that read them too: all agree, but for what is named here with its reason."""

from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace

import pytest
import stdnum.se.personnummer as stdnum_personal
from hypothesis import given, settings
from hypothesis import strategies as st
from organisationsnummer.organisationsnummer import Organisationsnummer, OrganisationsnummerException
from personnummer import personnummer
from stdnum.se import orgnr as stdnum_organisation

from schemas.personal_numbers import check_digit_agrees
from services.onboarding.domain.identity_numbers import (
    IdentityNumber,
    NumberInvalid,
    organisation_number,
    personal_number,
)

TODAY = date(2026, 11, 23)


class _Frozen(date):
    """The oracles ask the machine for the date; here it is always the same one."""

    @classmethod
    def today(cls) -> "_Frozen":
        return cls(TODAY.year, TODAY.month, TODAY.day)


@pytest.fixture(autouse=True, scope="module")
def _same_day() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personnummer, "_get_current_date", lambda: TODAY)
        patch.setattr(stdnum_personal, "datetime", SimpleNamespace(date=_Frozen))
        yield


@dataclass(frozen=True)
class Verdict:
    """A number as read, or the code of its refusal."""

    number: IdentityNumber | None
    code: str | None = None


def personal(text: str) -> Verdict:
    try:
        return Verdict(personal_number(text, TODAY))
    except NumberInvalid as refused:
        return Verdict(None, refused.code)


def organisation(text: str) -> Verdict:
    try:
        return Verdict(organisation_number(text, TODAY))
    except NumberInvalid as refused:
        return Verdict(None, refused.code)


def by_personnummer(text: str) -> personnummer.Personnummer | None:
    try:
        return personnummer.parse(text)
    except personnummer.PersonnummerException:
        return None


def by_organisationsnummer(text: str) -> Organisationsnummer | None:
    try:
        return Organisationsnummer(text)
    except OrganisationsnummerException:
        return None


def with_check_digit(nine: str) -> str:
    """Ten digits whose last one is Luhn's, found by asking stdnum and not the code under test."""
    return next(nine + digit for digit in "0123456789" if stdnum_organisation.is_valid(nine + digit))


DAYS = st.one_of(st.integers(0, 33), st.integers(60, 93))
NINE = st.builds(
    lambda year, month, day, serial: f"{year:02d}{month:02d}{day:02d}{serial:03d}",
    st.one_of(st.integers(0, 99), st.integers(25, 28)),  # around the year in which a minus becomes a plus
    st.integers(0, 13),
    DAYS,
    st.integers(1, 999),
)
"""The first nine digits of what is mostly a date and a serial number, real or nearly so."""

TEN = st.one_of(NINE.map(with_check_digit), st.builds(lambda nine, last: f"{nine}{last}", NINE, st.integers(0, 9)))
WRITTEN = st.builds(
    lambda century, ten, sign: f"{century}{ten[:6]}{sign}{ten[6:]}",
    st.sampled_from(["", "", "18", "19", "20"]),
    TEN,
    st.sampled_from(["", "-", "+"]),
)
ANY_TEN = st.one_of(
    st.integers(0, 999_999_999).map(lambda nine: with_check_digit(f"{nine:09d}")),
    st.integers(0, 9_999_999_999).map(lambda ten: f"{ten:010d}"),
)


def is_to_come(parsed: personnummer.Personnummer) -> bool:
    return bool(parsed.get_date() > TODAY)


@settings(max_examples=400)  # a wrong turn of the century shows in one of a hundred
@given(WRITTEN)
def test_persons_are_read_as_personnummer_reads_them_but_for_dates_to_come(text: str) -> None:
    ours, theirs = personal(text), by_personnummer(text)
    if theirs is None:
        assert ours.code in {"invalid_personal_number", "invalid_check_digit"}
    elif is_to_come(theirs):
        assert ours.code in {"identity_date_in_future", "identity_century_required"}
    else:
        assert ours.number is not None
        assert ours.number.canonical == theirs.format(long_format=True)
        assert (ours.number.kind == "coordination") is theirs.is_coordination_number()


@settings(max_examples=400)  # a wrong turn of the century shows in one of a hundred
@given(WRITTEN)
def test_persons_are_read_as_stdnum_reads_them_but_for_dates_to_come_and_coordination(text: str) -> None:
    ours, theirs = personal(text), stdnum_personal.is_valid(text)
    if theirs and stdnum_personal.get_birth_date(text) <= TODAY:
        assert ours.number is not None
        assert ours.number.kind == "person"
        assert ours.number.canonical[:8] == f"{stdnum_personal.get_birth_date(text):%Y%m%d}"
    else:
        assert ours.number is None or ours.number.kind == "coordination"


@given(ANY_TEN, st.sampled_from(["", "16"]), st.sampled_from(["", "-"]))
def test_organisations_are_read_as_organisationsnummer_reads_them(ten: str, prefix: str, sign: str) -> None:
    text = f"{prefix}{ten[:6]}{sign}{ten[6:]}"
    ours, theirs = organisation(text), by_organisationsnummer(text)
    if theirs is not None and not theirs.is_personnummer():
        assert ours == Verdict(IdentityNumber("16" + ten, "organisation"))
    elif theirs is not None and not prefix:
        assert ours.code == "identity_is_personal"
    elif not ten.startswith("0"):
        assert ours.number is None


@given(ANY_TEN)
def test_organisations_are_read_as_stdnum_reads_them_but_for_the_third_digit(ten: str) -> None:
    accepted = organisation(ten).number is not None
    assert accepted is (stdnum_organisation.is_valid(ten) and ten[2] >= "2")


@given(st.integers(0, 9_999_999_999).map(lambda ten: f"{ten:010d}"))
def test_the_check_digit_is_luhns(ten: str) -> None:
    assert check_digit_agrees(ten) is stdnum_organisation.is_valid(ten)


def test_disagreement_stdnum_refuses_every_coordination_number() -> None:
    assert not stdnum_personal.is_valid("701063-2391")
    assert by_personnummer("701063-2391") is not None
    assert personal("701063-2391").number == IdentityNumber("197010632391", "coordination")


def test_disagreement_stdnum_takes_an_organisation_number_that_cannot_be_one() -> None:
    assert stdnum_organisation.is_valid("551360-0790")
    assert by_organisationsnummer("551360-0790") is None
    assert organisation("551360-0790").code == "invalid_org_number"


def test_disagreement_both_take_a_persons_number_for_an_organisations() -> None:
    assert stdnum_organisation.is_valid("850709-9805")
    assert by_organisationsnummer("850709-9805") is not None
    assert organisation("850709-9805").code == "identity_is_personal"
    assert personal("850709-9805").number == IdentityNumber("198507099805", "person")


def test_disagreement_stdnum_refuses_the_twelve_digits_of_an_organisation() -> None:
    assert not stdnum_organisation.is_valid("165560360793")
    assert by_organisationsnummer("165560360793") is not None
    assert organisation("165560360793").number == IdentityNumber("165560360793", "organisation")


def test_disagreement_both_take_a_date_of_birth_that_is_still_to_come() -> None:
    parsed = by_personnummer("261231-1239")
    assert parsed is not None
    assert parsed.format(long_format=True) == "202612311239"
    assert stdnum_personal.get_birth_date("261231-1239") == date(2026, 12, 31)
    assert personal("261231-1239").code == "identity_date_in_future"
    assert personal("261231+1239").number == IdentityNumber("192612311239", "person")


def test_agreement_a_coordination_number_has_a_check_digit_of_its_own() -> None:
    assert not stdnum_personal.is_valid("121272-1212")
    assert by_personnummer("121272-1212") is None
    assert personal("121272-1212").code == "invalid_check_digit"
    assert personal("121272-1219").number == IdentityNumber("201212721219", "coordination")


def test_disagreement_ten_digits_of_a_day_to_come_without_a_separator_ask_for_twelve() -> None:
    assert by_personnummer("2612311239") is not None
    assert personal("2612311239").code == "identity_century_required"


def test_disagreement_personnummer_knows_no_serial_number_of_nothing() -> None:
    """No law names a least serial number, so that the check digit alone decides here, as in stdnum."""
    text = f"{with_check_digit('811218000')[:6]}-{with_check_digit('811218000')[6:]}"
    assert by_personnummer(text) is None
    assert stdnum_personal.is_valid(text)
    assert personal(text).number is not None


def test_disagreement_organisationsnummer_knows_no_group_of_nought() -> None:
    """The group says nothing of whether a number is right: one that does not fit is a warning."""
    ten = with_check_digit("056036079")
    assert by_organisationsnummer(ten) is None
    assert stdnum_organisation.is_valid(ten)
    assert organisation(ten).number is not None


def test_disagreement_an_organisation_does_not_turn_a_hundred() -> None:
    assert by_organisationsnummer("556036+0793") is not None
    assert organisation("556036+0793").code == "invalid_org_number"


def test_disagreement_personnummer_takes_centuries_in_which_nobody_living_was_born() -> None:
    assert by_personnummer("16811218-9876") is not None
    assert personal("16811218-9876").code == "invalid_personal_number"


@pytest.mark.parametrize(
    "text", ["811218–9876", "8112 18 - 9876", "８１１２１８－９８７６", "811218\N{NO-BREAK SPACE}9876"]
)
def test_disagreement_people_write_dashes_blanks_and_digits_that_personnummer_does_not_read(text: str) -> None:
    assert by_personnummer(text) is None
    assert personal(text).number == IdentityNumber("198112189876", "person")
