"""Changing a client: read by the same rule book, refused by name, and nothing said where nothing changes."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from schemas.client import ClientUpdatedV1
from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.personal_numbers import NumberDisclosed
from schemas.values import Access, Person
from services.onboarding.domain.changing import ChangeClient, NotReassignable, StaleVersion, Standing, change_client
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.creation import AssociationPerhapsExists, ExternalReferenceKnown, Namesake
from services.onboarding.domain.life_cycle import ClientIsCancelled, ClientIsDisconnected, ClientIsErased
from services.onboarding.domain.new_client import Address, name_key
from services.onboarding.domain.on_file import ClientOnFile, document
from services.onboarding.domain.rule_book import ContentInvalid
from tests.unit.onboarding.contents import NOW

KARIN, ERIK = Person(sub="karin", name="Karin"), Person(sub="erik", name="Erik")
CLIENT = ClientOnFile(
    client_id=UUID(int=1),
    version=3,
    edition=2,
    agency="byra-ett",
    status="listed",
    name="Exempelbolaget AB",
    identity_kind="organisation",
    identity_mask="556036-0793",
    responsible_person=None,
    protected_identity=False,
    address=Address("Storgatan 1", "12345", "Växjö", "SE"),
    access=Access(program_access=True, invoice_recipient="agency", invoice_interval="quarter"),
    counts={"bookkeeping": 2},
    confirmation_email="anna@exempelbolaget.se",
    locale="sv",
    origin="api",
    test=False,
    source=None,
    external_ref="A-1",
    responsible_consultant="karin",
    administrators=None,
    confirmed_duplicate=False,
    created_by=KARIN,
    created_at=NOW,
    correlation_id="corr-1",
)
STANDING = Standing(CLIENT, "en", None, ())
ASSOCIATION = replace(
    CLIENT,
    identity_kind="association_without_orgnr",
    identity_mask="811218-••••",
    responsible_person="Berit Berg",
    name="Klubben",
)


def change(
    patch: dict[str, Any], state: Standing | None = STANDING, *, seen: int = 2, by: Person = ERIK
) -> Decision[Standing]:
    return change_client(state, ChangeClient("byra-ett", seen, patch, by), NOW)


def wrong(patch: dict[str, Any], state: Standing = STANDING) -> set[tuple[str, str]]:
    with pytest.raises(ContentInvalid) as refused:
        change(patch, state)
    return {(each.pointer, each.code) for each in refused.value.errors}


def of(client: ClientOnFile, **changes: Any) -> Standing:
    return replace(STANDING, client=client, **changes)


def test_a_change_is_one_version_and_one_edition_and_says_the_client_whole() -> None:
    decision = change({"details": {"name": " Nya  Bolaget AB "}, "licences": {"confirmation_email": "ny@bolaget.se"}})
    after = decision.state.client
    assert (after.version, after.edition) == (4, 3)
    (say,) = decision.says
    assert say.version == 4
    assert isinstance(say.data, ClientUpdatedV1)
    assert (say.data.name, say.data.confirmation_email) == ("Nya Bolaget AB", "ny@bolaget.se")
    assert (say.data.external_ref, say.data.counts, say.data.created_by) == ("A-1", {"bookkeeping": 2}, KARIN)
    assert (say.data.changed_by, say.data.changed) == (ERIK, ["name", "confirmation_email"])
    noted = decision.state.noted
    assert noted is not None
    assert (noted.act, noted.by) == ("change", ERIK)
    assert [(each.pointer, each.before, each.after) for each in noted.altered] == [
        ("/details/name", "Exempelbolaget AB", "Nya Bolaget AB"),
        ("/licences/confirmation_email", "anna@exempelbolaget.se", "ny@bolaget.se"),
    ]


@pytest.mark.parametrize(
    "patch",
    [
        {},
        {"details": {}},
        {"details": {"name": "  Exempelbolaget   AB"}},
        {"details": {"address": {"postal_code": "123 45"}}},
        {"licences": {"confirmation_email": "anna@EXEMPELBOLAGET.se"}},
        document(CLIENT),
    ],
)
def test_a_change_that_changes_nothing_says_and_stores_nothing(patch: dict[str, Any]) -> None:
    decision = change(patch)
    assert decision.state is STANDING
    assert decision.says == ()


def test_an_address_is_changed_in_part_and_told_to_nobody() -> None:
    decision = change({"details": {"address": {"street": "Lillgatan 2"}}})
    assert decision.state.client.address == Address("Lillgatan 2", "12345", "Växjö", "SE")
    (say,) = decision.says
    assert isinstance(say.data, ClientUpdatedV1)
    assert say.data.changed == ["address"]
    assert "Lillgatan" not in say.data.model_dump_json()


def test_null_takes_away_what_may_be_absent_and_a_language_falls_back_on_the_agencys() -> None:
    after = change({"external_ref": None, "responsible_consultant": None, "locale": None}).state.client
    assert (after.external_ref, after.responsible_consultant, after.locale) == (None, None, "en")


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"details": {"name": None}}, "/details/name", "required"),
        ({"details": {"name": "x" * 201}}, "/details/name", "name_too_long"),
        ({"details": {"name": "811218-9876"}}, "/details/name", "personal_number_not_allowed"),
        ({"details": {"address": None}}, "/details/address", "required"),
        ({"details": {"address": {"postal_code": "1"}}}, "/details/address/postal_code", "invalid_postal_code"),
        ({"details": "x"}, "/details", "invalid_value"),
        ({"details": None}, "/details", "required"),
        ({"licences": {"confirmation_email": "x"}}, "/licences/confirmation_email", "invalid_email"),
        ({"licences": {"confirmation_email": None}}, "/licences/confirmation_email", "required"),
        ({"access": {"invoice_interval": "week"}}, "/access/invoice_interval", "invalid_choice"),
        ({"access": {"invoice_recipient": None}}, "/access/invoice_recipient", "required"),
        ({"locale": "de"}, "/locale", "invalid_choice"),
        ({"external_ref": "x" * 201}, "/external_ref", "value_too_long"),
        ({"confirm_duplicate": 1}, "/confirm_duplicate", "invalid_value"),
    ],
)
def test_what_the_rule_book_forbids_has_the_code_and_the_place_that_it_has_at_the_creation(
    patch: dict[str, Any], pointer: str, code: str
) -> None:
    assert (pointer, code) in wrong(patch)


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"details": {"identity": {"number": "212000-0142"}}}, "/details/identity"),
        ({"details": {"identity": None}}, "/details/identity"),
        ({"access": {"program_access": False}}, "/access/program_access"),
        ({"licences": {"counts": {"bookkeeping": 3}}}, "/licences/counts"),
        ({"name": "Nya Bolaget AB"}, "/name"),
        ({"details": {"nmae": "Nya Bolaget AB"}}, "/details/nmae"),
        ({"status": "active"}, "/status"),
        ({"811218-9876": 1}, ""),
        ({"details": {"a" * 41: 1}}, "/details"),
    ],
)
def test_what_is_not_changed_here_is_refused_by_place_and_not_passed_over(patch: dict[str, Any], pointer: str) -> None:
    assert wrong(patch) == {(pointer, "not_changeable")}


def test_the_reference_of_a_source_is_the_sources_own() -> None:
    assert wrong({"external_ref": "B-2"}, of(replace(CLIENT, source="/upstream/demo"))) == {
        ("/external_ref", "not_changeable")
    }


def test_a_protected_identity_may_do_without_an_address_and_needs_one_when_it_ends() -> None:
    after = change({"details": {"protected_identity": True, "address": None}}).state.client
    assert (after.protected_identity, after.address) == (True, None)
    assert ("/details/address", "required") in wrong(
        {"details": {"protected_identity": False}}, of(replace(after, edition=2))
    )


def test_who_has_seen_another_edition_is_stale() -> None:
    with pytest.raises(StaleVersion) as refused:
        change({"details": {"name": "X AB"}}, seen=1)
    assert refused.value.facts["edition"] == 2


@pytest.mark.parametrize("state", [None, of(replace(CLIENT, agency="byra-tva"))])
def test_another_agencys_client_is_not_there(state: Standing | None) -> None:
    with pytest.raises(ClientElsewhere):
        change({}, state)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("cancelled", ClientIsCancelled), ("disconnected", ClientIsDisconnected), ("erased", ClientIsErased)],
)
def test_a_client_that_is_gone_is_not_changed(status: Any, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        change({"details": {"name": "X AB"}}, of(replace(CLIENT, status=status)))


@pytest.mark.parametrize("status", ["submitted", "listed", "active", "disconnecting"])
def test_a_living_client_is_changed_in_every_state(status: Any) -> None:
    assert change({"details": {"name": "X AB"}}, of(replace(CLIENT, status=status))).state.client.status == status


@pytest.mark.parametrize("status", ["active", "disconnecting"])
def test_another_consultant_is_named_only_while_the_client_waits(status: Any) -> None:
    patch = {"responsible_consultant": "erik"}
    assert change(patch).state.client.responsible_consultant == "erik"
    with pytest.raises(NotReassignable):
        change(patch, of(replace(CLIENT, status=status)))


def test_a_consultant_whom_the_agency_does_not_have_is_refused_where_one_is_named_anew() -> None:
    state = replace(STANDING, no_such_consultant=True)
    assert wrong({"responsible_consultant": "nobody"}, state) == {("/responsible_consultant", "unknown_consultant")}
    assert change({"responsible_consultant": "karin", "locale": "en"}, state).says


def test_a_reference_of_another_client_is_refused_with_its_id() -> None:
    with pytest.raises(ExternalReferenceKnown) as refused:
        change({"external_ref": "B-2"}, replace(STANDING, same_reference=UUID(int=9)))
    assert refused.value.facts["client_id"] == UUID(int=9)


def test_an_association_is_not_renamed_into_its_double_unless_that_is_confirmed() -> None:
    kind = ASSOCIATION.identity_kind
    others: list[Any] = [("byra-tva", kind), ("byra-ett", "sole_trader"), ("byra-ett", kind)]
    namesakes = tuple(
        Namesake(UUID(int=number), agency, of_kind, name_key("Bollklubben"))
        for number, (agency, of_kind) in enumerate(others)
    )
    state = of(ASSOCIATION, namesakes=namesakes)
    with pytest.raises(AssociationPerhapsExists) as refused:
        change({"details": {"name": "bollklubben"}}, state)
    assert refused.value.facts["client_id"] == UUID(int=2)
    after = change({"details": {"name": "bollklubben"}, "confirm_duplicate": True}, state).state.client
    assert after.confirmed_duplicate
    assert not change({"details": {"name": "Annat"}, "confirm_duplicate": True}, state).state.client.confirmed_duplicate


def test_a_caller_named_by_a_personal_number_is_refused() -> None:
    with pytest.raises(NumberDisclosed):
        change({}, by=Person(sub="811218-9876", name="Karin"))
