"""Personal numbers in texts: found in every spelling and inside longer texts; other digits are left in peace."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Refused
from schemas.personal_numbers import discloses_a_number
from schemas.values import Person
from services.onboarding.domain.agency import PutAgency, PutConsultant, put_agency, put_consultant
from services.onboarding.domain.creation import CreateClient, Creation, Neighbours, Wanted, create_client
from services.onboarding.domain.identity_numbers import NumberInvalid, personal_number
from services.onboarding.domain.rule_book import ContentInvalid, review
from tests.unit.onboarding.contents import NOW, TODAY, content
from tests.unit.onboarding.test_agency import AGENCY, KARIN

NUMBER = "811218-9876"
DISCLOSED = "personal_number_not_allowed"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        "8112189876",
        "19811218-9876",
        "198112189876",
        "811218+9876",
        "81 12 18 98 76",
        "811218\N{EN DASH}9876",
        "８１１２１８－９８７６",
        "٨١١٢١٨٩٨٧٦",
        "811218\N{ZERO WIDTH SPACE}-9876",
        "701063-2391",
        "Enskild firma 811218-9876 i Växjö",
        "kund811218-9876b",
        "2 811218-9876",
        "/upstream/811218-9876/7",
        "Bo 1981-12-18-9876",
        "81-12-18-9876",
        "1981-12-18 9876",
        "1981.12.18.9876",
        "19 81/12/18 / 9876",
        "811218.9876",
        "811218/9876",
        "811218_9876",
    ],
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert discloses_a_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "556036-0793",
        "Bolaget 5560360793 AB",
        "165560360793",
        "811218-9877",
        "811318-9876",
        "8112189876001",
        "2026-11-24T10:00:00Z",
        "1981-12-18-9877",
        "1981-12-18--9876",
        "1981-12-18",
        "1981-12-18-98761",
        "ref-1",
        "",
        "8112189876abcdef8112189876abcdef",
        "18112189-8761-4112-8112-189876189876",
    ],
)
def test_organisations_times_and_ids_made_by_machines_are_left_in_peace(text: str) -> None:
    assert not discloses_a_number(text)


@given(st.uuids())
def test_a_uuid_is_never_taken_for_a_number(id_: UUID) -> None:
    assert not discloses_a_number(str(id_))
    assert not discloses_a_number(f"order {id_}")


@given(st.from_regex(r"(19|20)?[0-9]{2}(0[1-9]|1[0-2])[0-9]{2}[-+]?[0-9]{4}", fullmatch=True))
def test_what_is_read_as_a_number_is_found_as_one(text: str) -> None:
    try:
        personal_number(text, TODAY)
    except NumberInvalid:
        return
    assert discloses_a_number(text)


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/external_ref", {"external_ref": NUMBER}),
        ("/details/name", {"details__name": f"Firma {NUMBER}"}),
        ("/details/address/street", {"details__address__street": NUMBER}),
        ("/responsible_consultant", {"responsible_consultant": NUMBER}),
        ("/licences/confirmation_email", {"licences__confirmation_email": "8112189876@exempel.se"}),
        ("/administrators/0/name", {"administrators": [{"name": NUMBER, "email": "eva@exempel.se"}]}),
        ("/administrators/0/sub", {"administrators": [{"name": "Eva", "email": "e@exempel.se", "sub": NUMBER}]}),
    ],
)
def test_no_text_of_a_request_may_disclose_a_number(pointer: str, changes: dict[str, object]) -> None:
    with pytest.raises(ContentInvalid) as refused:
        review(content(**changes), TODAY, "http")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [(pointer, DISCLOSED)]
    assert refused.value.code == DISCLOSED


def test_an_organisations_name_may_hold_its_own_number() -> None:
    assert review(content(details__name="Bolaget 556036-0793"), TODAY, "http").details.name == "Bolaget 556036-0793"


def test_a_program_that_is_a_number_is_not_repeated_in_the_pointer() -> None:
    with pytest.raises(ContentInvalid) as refused:
        review(content(licences__counts={NUMBER: 1}), TODAY, "http")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/licences/counts", "unknown_program")]


@pytest.mark.parametrize("caller", [Person(sub=NUMBER, name="Karin"), Person(sub="karin", name=NUMBER)])
def test_whose_token_discloses_a_number_creates_no_client(caller: Person) -> None:
    state = Creation(Neighbours("sv", None, ()))
    with pytest.raises(Refused) as refused:
        create_client(state, CreateClient(UUID(int=1), "byra-ett", content(), caller, "corr-1"), NOW)
    assert refused.value.code == DISCLOSED


def test_what_is_sought_before_the_rule_book_has_seen_it_discloses_nothing() -> None:
    wanted = Wanted.of(content(external_ref=NUMBER), NUMBER, None)
    assert (wanted.agency, wanted.external_ref) == (None, None)


@pytest.mark.parametrize(("agency", "name"), [("811218-9876", "Byrå Ett"), ("byra-ett", NUMBER)])
def test_an_agency_may_not_disclose_a_number(agency: str, name: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        put_agency(None, PutAgency(agency, {"name": name}), NOW)
    assert refused.value.code == DISCLOSED


@pytest.mark.parametrize(("sub", "change"), [(NUMBER, {}), ("karin", {"name": NUMBER})])
def test_a_consultant_may_not_disclose_a_number(sub: str, change: dict[str, str]) -> None:
    with pytest.raises(ContentInvalid) as refused:
        put_consultant(AGENCY, PutConsultant("byra-ett", sub, KARIN | change), NOW)
    assert refused.value.code == DISCLOSED
