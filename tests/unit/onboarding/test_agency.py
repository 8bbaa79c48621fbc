"""Agencies and consultants: registered, changed, and silent where nothing changes."""

from typing import Any

import pytest

from schemas.agency import AgencyChangedV1, AgencyRegisteredV1, ConsultantChangedV1, ConsultantRegisteredV1
from services.onboarding.domain.agency import (
    Agency,
    AgencyUnknown,
    PutAgency,
    PutConsultant,
    put_agency,
    put_consultant,
)
from services.onboarding.domain.rule_book import ContentInvalid
from tests.unit.onboarding.contents import NOW

AGENCY = Agency("byra-ett", 1, "Byrå Ett", "sv", "all")
KARIN: dict[str, Any] = {
    "name": "Karin Kvist",
    "email": "karin@byra-ett.se",
    "locale": "sv",
    "roles": ["client_manager"],
}


def test_a_new_agency_is_registered_at_version_one() -> None:
    decision = put_agency(None, PutAgency("byra-ett", {"name": "Byrå Ett"}), NOW)
    assert decision.state == AGENCY
    assert [(type(say.data), say.version) for say in decision.says] == [(AgencyRegisteredV1, 1)]


def test_a_change_counts_the_version_up() -> None:
    decision = put_agency(AGENCY, PutAgency("byra-ett", {"name": "Byrå Ett", "client_visibility": "linked"}), NOW)
    assert [(type(say.data), say.version) for say in decision.says] == [(AgencyChangedV1, 2)]


def test_putting_what_is_already_there_says_nothing() -> None:
    decision = put_agency(AGENCY, PutAgency("byra-ett", {"name": " Byrå  Ett ", "locale": "sv"}), NOW)
    assert decision.state is AGENCY
    assert decision.says == ()


def test_a_consultant_is_registered_then_changed_then_silent() -> None:
    command = PutConsultant("byra-ett", "karin", KARIN)
    first = put_consultant(AGENCY, command, NOW)
    assert [(type(say.data), say.version) for say in first.says] == [(ConsultantRegisteredV1, 2)]
    assert put_consultant(first.state, command, NOW).state is first.state
    second = put_consultant(first.state, PutConsultant("byra-ett", "karin", KARIN | {"locale": "en"}), NOW)
    assert [(type(say.data), say.version) for say in second.says] == [(ConsultantChangedV1, 3)]


def test_roles_are_the_same_in_any_order() -> None:
    both = KARIN | {"roles": ["agency_admin", "client_manager"]}
    first = put_consultant(AGENCY, PutConsultant("byra-ett", "karin", both), NOW)
    again = KARIN | {"roles": ["client_manager", "agency_admin", "agency_admin"]}
    assert put_consultant(first.state, PutConsultant("byra-ett", "karin", again), NOW).says == ()


def test_a_consultant_needs_a_registered_agency() -> None:
    with pytest.raises(AgencyUnknown):
        put_consultant(None, PutConsultant("byra-ett", "karin", KARIN), NOW)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"name": None}, "/name", "required"),
        ({"email": "karin"}, "/email", "invalid_email"),
        ({"locale": "no"}, "/locale", "invalid_choice"),
        ({"roles": None}, "/roles", "required"),
        ({"roles": "client_manager"}, "/roles", "invalid_value"),
        ({"roles": ["operator"]}, "/roles/0", "invalid_choice"),
        ({"roles": [["client_manager"]]}, "/roles/0", "invalid_choice"),
    ],
)
def test_what_is_wrong_with_a_consultant_is_pointed_at(change: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        put_consultant(AGENCY, PutConsultant("byra-ett", "karin", KARIN | change), NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [(pointer, code)]


@pytest.mark.parametrize("sub", [" karin", "ka  rin", "ka\nrin", "ka\x00rin"])
def test_a_consultants_sub_is_taken_as_it_stands_in_tokens_or_not_at_all(sub: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        put_consultant(AGENCY, PutConsultant("byra-ett", sub, KARIN), NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/sub", "invalid_value")]
