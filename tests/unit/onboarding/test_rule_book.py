"""The rule book: what is accepted and how it is normalised, what is refused where, and all of it at once."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.errors import ERRORS
from schemas.programs import PROGRAMS, Programs
from services.onboarding.domain import rule_book
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.new_client import Address
from services.onboarding.domain.rule_book import ContentInvalid, review
from tests.unit.onboarding.contents import TODAY, association, content, sole_trader

PROTECTED = {"details__protected_identity": True}


def findings(sent: dict[str, Any], channel: Any = "http") -> set[tuple[str, str]]:
    with pytest.raises(ContentInvalid) as refused:
        review(sent, TODAY, channel)
    return {(each.pointer, each.code) for each in refused.value.errors}


def test_a_complete_request_becomes_a_normalised_client() -> None:
    new = review(content(details__name="  Exempel \N{NO-BREAK SPACE} bolaget AB "), TODAY, "http")
    assert new.details.name == "Exempel bolaget AB"
    assert new.details.identity.number.canonical == "165560360793"
    assert new.details.address == Address("Storgatan 1", "12345", "Växjö", "SE")
    assert new.licences.counts == {"bookkeeping": 2, "invoicing": 1}
    assert new.access.invoice_interval == "quarter"
    assert (new.confirm_duplicate, new.connected, new.locale, new.administrators) == (False, False, None, None)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"access": ...}, "/access", "required"),
        ({"access": "yes"}, "/access", "invalid_value"),
        ({"access__program_access": ...}, "/access/program_access", "required"),
        ({"access__program_access": 1}, "/access/program_access", "invalid_value"),
        ({"access__invoice_recipient": ...}, "/access/invoice_recipient", "required"),
        ({"access__invoice_recipient": "nobody"}, "/access/invoice_recipient", "invalid_choice"),
        ({"access__invoice_interval": ...}, "/access/invoice_interval", "required"),
        ({"access__invoice_interval": "week"}, "/access/invoice_interval", "invalid_choice"),
        ({"details": None}, "/details", "required"),
        ({"details__name": ...}, "/details/name", "required"),
        ({"details__name": "  "}, "/details/name", "required"),
        ({"details__name": "x" * 201}, "/details/name", "name_too_long"),
        *(
            ({"details__name": f"bolag{unseen}et"}, "/details/name", "invalid_value")
            for unseen in ("\x00", "\r\n", "\n", "\t", "\x1f", "\x7f", "\x85", "\ud800")
        ),
        ({"external_ref": "a\x00b"}, "/external_ref", "invalid_value"),
        ({"external_ref": "a\nb"}, "/external_ref", "invalid_value"),
        ({"responsible_consultant": "a\r\nb"}, "/responsible_consultant", "invalid_value"),
        ({"administrators": [{"name": "A\nB", "email": "a@b.se"}]}, "/administrators/0/name", "invalid_value"),
        ({"administrators": [{"name": "A", "email": "a@b.se\n"}]}, "/administrators/0/email", "invalid_email"),
        ({"licences__confirmation_email": "a\x00@b.se"}, "/licences/confirmation_email", "invalid_email"),
        ({"details__name": ["x"]}, "/details/name", "invalid_value"),
        ({"details__protected_identity": "no"}, "/details/protected_identity", "invalid_value"),
        ({"details__identity": ...}, "/details/identity", "identity_required"),
        ({"details__identity": {"kind": "organisation"}}, "/details/identity/number", "identity_required"),
        ({"details__identity": {"number": "556036-0793"}}, "/details/identity/kind", "required"),
        ({"details__identity__kind": "company"}, "/details/identity/kind", "invalid_choice"),
        ({"details__identity__number": 5560360793}, "/details/identity/number", "invalid_value"),
        ({"details__identity__number": "556036-0794"}, "/details/identity/number", "invalid_check_digit"),
        ({"details__identity__number": "551360-0790"}, "/details/identity/number", "invalid_org_number"),
        ({"details__identity__number": "811218-9876"}, "/details/identity/number", "identity_is_personal"),
        ({"details__identity__number_jwe": "a.b.c.d.e"}, "/details/identity", "identity_conflict"),
        ({"details__address": ...}, "/details/address", "required"),
        ({"details__address__street": ...}, "/details/address/street", "required"),
        ({"details__address__city": ""}, "/details/address/city", "required"),
        ({"details__address__postal_code": ...}, "/details/address/postal_code", "required"),
        ({"details__address__postal_code": "1234"}, "/details/address/postal_code", "invalid_postal_code"),
        ({"details__address__postal_code": "12 345"}, "/details/address/postal_code", "invalid_postal_code"),
        ({"details__address__country": "Sverige"}, "/details/address/country", "invalid_choice"),
        ({"licences": ...}, "/licences", "required"),
        ({"licences__counts": ...}, "/licences/counts", "licences_required"),
        ({"licences__counts": {"bookkeeping": 0}}, "/licences/counts", "licences_required"),
        ({"licences__counts": {"bookkeeping": -1}}, "/licences/counts/bookkeeping", "invalid_count"),
        ({"licences__counts": {"bookkeeping": 10_000}}, "/licences/counts/bookkeeping", "invalid_count"),
        ({"licences__counts": {"bookkeeping": 1.0}}, "/licences/counts/bookkeeping", "invalid_count"),
        ({"licences__counts": {"bookkeeping": True}}, "/licences/counts/bookkeeping", "invalid_count"),
        ({"licences__counts": {"a/b~c": 1}}, "/licences/counts/a~1b~0c", "unknown_program"),
        ({"licences__confirmation_email": ...}, "/licences/confirmation_email", "required"),
        ({"external_ref": ""}, "/external_ref", "required"),
        ({"external_ref": "x" * 201}, "/external_ref", "value_too_long"),
        ({"locale": "de"}, "/locale", "invalid_choice"),
        ({"confirm_duplicate": "yes"}, "/confirm_duplicate", "invalid_value"),
        ({"administrators": {}}, "/administrators", "invalid_value"),
        ({"administrators": [{"email": "a@b.se"}]}, "/administrators/0/name", "required"),
        ({"administrators": [{"name": "A", "email": "a"}]}, "/administrators/0/email", "invalid_email"),
    ],
)
def test_one_thing_wrong_is_pointed_at_and_names_the_refusal(changes: dict[str, Any], pointer: str, code: str) -> None:
    assert findings(content(**changes)) == {(pointer, code)}
    with pytest.raises(ContentInvalid) as refused:
        review(content(**changes), TODAY, "http")
    assert refused.value.code == code
    assert code in ERRORS


def test_everything_that_is_wrong_is_found_at_once() -> None:
    found = findings({"access": {}, "details": {"address": {}}, "licences": {"counts": {"x": 1}}, "locale": 7})
    assert found == {
        ("/access/program_access", "required"),
        ("/access/invoice_interval", "required"),
        ("/details/name", "required"),
        ("/details/identity", "identity_required"),
        ("/details/address/street", "required"),
        ("/details/address/city", "required"),
        ("/details/address/postal_code", "required"),
        ("/licences/counts/x", "unknown_program"),
        ("/licences/confirmation_email", "required"),
        ("/locale", "invalid_choice"),
    }


def test_several_kinds_of_error_are_named_invalid_content() -> None:
    with pytest.raises(ContentInvalid) as refused:
        review(content(details__name=..., access__invoice_interval="week"), TODAY, "http")
    assert refused.value.code == "invalid_content"


def test_a_hostile_request_gets_a_bounded_answer_with_short_pointers() -> None:
    found = findings(content(licences__counts={f"{'p' * 600}{n}": 1 for n in range(5000)}))
    assert len(found) <= 100
    assert all(len(pointer) <= 200 for pointer, _ in found)


def test_without_program_access_the_agency_pays_and_no_licences_are_ordered() -> None:
    sent = content(access={"program_access": False, "invoice_interval": "month"}, licences__counts={"bookkeeping": 0})
    new = review(sent, TODAY, "http")
    assert new.access.invoice_recipient == "agency"
    assert new.licences.counts == {}
    sent["licences"]["counts"] = {"bookkeeping": 1}
    assert findings(sent) == {("/licences/counts", "licences_not_allowed")}


def test_a_protected_client_may_leave_its_address_out() -> None:
    assert review(content(details__address=None, **PROTECTED), TODAY, "http").details.address is None


def test_an_address_that_is_given_is_read_even_where_it_need_not_be() -> None:
    assert findings(content(details__address__postal_code="1", **PROTECTED)) == {
        ("/details/address/postal_code", "invalid_postal_code")
    }


def test_other_countries_have_postal_codes_of_their_own() -> None:
    sent = content(details__address__country="no", details__address__postal_code="0150")
    assert review(sent, TODAY, "http").details.address == Address("Storgatan 1", "0150", "Växjö", "NO")


def test_an_association_without_number_needs_a_responsible_person() -> None:
    identity = association()
    assert (
        review(content(details__identity=identity), TODAY, "http").details.identity.responsible_person == "Berit Berg"
    )
    del identity["responsible_person"]
    assert findings(content(details__identity=identity)) == {
        ("/details/identity/responsible_person", "responsible_person_required")
    }


def test_a_personal_number_may_not_stand_openly_in_an_event() -> None:
    assert review(content(details__identity=sole_trader()), TODAY, "http").details.identity.number.kind == "person"
    sent = content(details__identity=sole_trader(), agency="byra-ett")
    assert findings(sent, "event") == {("/details/identity/number", "identity_must_be_encrypted")}


def test_an_event_names_its_agency() -> None:
    assert findings(content(), "event") == {("/agency", "required")}


@pytest.mark.parametrize(
    "address", ["anna@exempelbolaget.se", "a.b+c@räksmörgås.se", "o'hara@sub.example.com", "x@xn--rksmrgs-5wao1o.se"]
)
def test_an_address_that_works_is_accepted(address: str) -> None:
    assert review(content(licences__confirmation_email=address), TODAY, "http").licences.confirmation_email == address


def test_the_domain_of_an_address_is_lowered() -> None:
    sent = content(licences__confirmation_email="Anna@Exempelbolaget.SE")
    assert review(sent, TODAY, "http").licences.confirmation_email == "Anna@exempelbolaget.se"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@",
        "@exempel.se",
        "anna@exempel",
        "a@b@exempel.se",
        "anna@exempel..se",
        "anna@-exempel.se",
        "anna@exempel.se\nBcc: b@exempel.se",
        "an na@exempel.se",
        "anna@127.0.0.1",
        "a" * 65 + "@exempel.se",
        "anna@" + "e" * 250 + ".se",
        "anna@" + "e" * 64 + ".se",
        "Anna <anna@exempel.se>",
        "anna@gro\u00dfhandel.se",
        "anna@o\ufb00ert.se",
        17,
    ],
)
def test_an_address_that_cannot_work_is_refused(address: Any) -> None:
    assert findings(content(licences__confirmation_email=address)) == {
        ("/licences/confirmation_email", "invalid_email")
    }


def test_administrators_are_read_with_the_clients_language_as_theirs() -> None:
    sent = content(connected=True, locale="en", administrators=[{"name": "Eva Ek", "email": "eva@exempel.se"}])
    new = review(sent, TODAY, "http")
    assert new.connected
    assert new.administrators is not None
    assert new.administrators[0].locale == "en"


def test_a_retired_program_is_not_ordered_and_what_is_there_of_it_may_become_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    retired = replace(PROGRAMS.programs["payroll"], retired=True, orderable=False)
    programs = Programs({**PROGRAMS.programs, "payroll": retired}, PROGRAMS.groups)
    monkeypatch.setattr(rule_book, "PROGRAMS", programs)
    found = Findings()
    assert rule_book.read_counts(found, {"payroll": 0, "bookkeeping": 1}, "/counts") == {"bookkeeping": 1}
    assert rule_book.read_counts(found, {"payroll": 2}, "/counts", keep_none=True) == {"payroll": 2}
    assert found.errors == []
    rule_book.read_counts(found, {"payroll": 2}, "/counts")
    assert [(each.pointer, each.code) for each in found.errors] == [("/counts/payroll", "program_retired")]
