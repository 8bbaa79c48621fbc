"""Creating a client: what it says, and which duplicates refuse it."""

from typing import Any
from uuid import UUID

import pytest

from schemas.client import ClientCreatedV1
from schemas.envelope import Decision
from schemas.errors import Refused
from schemas.values import Person
from services.onboarding.domain.agency import AgencyUnknown
from services.onboarding.domain.creation import (
    AssociationPerhapsExists,
    ClientExistsElsewhere,
    ClientExistsInAgency,
    CreateClient,
    Creation,
    ExternalReferenceKnown,
    Namesake,
    Neighbours,
    Wanted,
    create_client,
)
from services.onboarding.domain.rule_book import ContentInvalid
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import NOW, TODAY, association, content, sole_trader

CLIENT = UUID(int=1)
OTHER = UUID(int=2)
KARIN = Person(sub="karin", name="Karin")


def create(sent: dict[str, Any], *same: Namesake, reference: UUID | None = None) -> Decision[Creation]:
    state = Creation(Neighbours("en", reference, same))
    return create_client(state, CreateClient(CLIENT, "byra-ett", sent, KARIN, "corr-1"), NOW)


def namesake(kind: Any = "organisation", agency: str = "byra-ett", name: str = "exempelbolaget ab") -> Namesake:
    return Namesake(OTHER, agency, kind, name)


def test_a_new_client_is_submitted_and_said_at_version_one() -> None:
    decision = create(content(external_ref="A-1", responsible_consultant="erik"))
    client = decision.state.client
    assert client is not None
    assert (client.status, client.version, client.correlation_id) == ("submitted", 1, "corr-1")
    (say,) = decision.says
    assert say.version == 1
    assert say.data == ClientCreatedV1(
        client_id=CLIENT,
        agency="byra-ett",
        name="Exempelbolaget AB",
        identity_kind="organisation",
        protected_identity=False,
        origin="api",
        external_ref="A-1",
        test=False,
        access=client.access,
        counts={"bookkeeping": 2, "invoicing": 1},
        confirmation_email="anna@exempelbolaget.se",
        locale="en",
        created_at=NOW,
        created_by=KARIN,
        responsible_consultant="erik",
    )


def test_neither_number_nor_address_is_said() -> None:
    (say,) = create(content(details__identity=sole_trader())).says
    text = say.data.model_dump_json()
    assert not tells_number(text)
    for hidden in ("811218", "Storgatan", "12345", "123 45"):
        assert hidden not in text


def test_a_connected_client_says_so() -> None:
    (say,) = create(content(connected=True)).says
    assert isinstance(say.data, ClientCreatedV1)
    assert say.data.origin == "connected"


def test_the_same_number_in_the_agency_is_refused_with_the_client_that_has_it() -> None:
    with pytest.raises(ClientExistsInAgency) as refused:
        create(content(), namesake())
    assert refused.value.facts == {"client_id": OTHER}


def test_the_same_number_elsewhere_is_refused_and_nothing_disclosed() -> None:
    with pytest.raises(ClientExistsElsewhere) as refused:
        create(content(), namesake(agency="byra-tva"))
    assert refused.value.facts == {}
    assert refused.value.errors == ()


def test_sole_trader_and_association_on_one_number_may_coexist() -> None:
    assert create(content(details__identity=sole_trader()), namesake("association_without_orgnr")).says
    assert create(content(details__identity=association()), namesake("sole_trader")).says


def test_an_association_with_the_same_number_and_name_must_be_confirmed() -> None:
    sent = content(details__identity=association(), details__name="EXEMPELBOLAGET  ab")
    with pytest.raises(AssociationPerhapsExists):
        create(sent, namesake("association_without_orgnr"))
    assert create(sent | {"confirm_duplicate": True}, namesake("association_without_orgnr")).says


@pytest.mark.parametrize("other", [{"name": "annat namn"}, {"agency": "byra-tva"}])
def test_an_association_with_another_name_or_agency_is_another(other: dict[str, str]) -> None:
    sent = content(details__identity=association())
    assert create(sent, namesake("association_without_orgnr", **other)).says


def test_confirming_allows_no_second_organisation() -> None:
    with pytest.raises(ClientExistsInAgency):
        create(content(confirm_duplicate=True), namesake())


def test_a_known_external_reference_is_already_onboarded() -> None:
    with pytest.raises(ExternalReferenceKnown) as refused:
        create(content(), reference=OTHER)
    assert refused.value.facts == {"client_id": OTHER}


def test_the_rule_book_comes_before_duplicates() -> None:
    with pytest.raises(Refused) as refused:
        create(content(details__name=...), namesake())
    assert refused.value.code == "required"


def test_an_agency_that_is_not_in_the_directory_creates_no_client() -> None:
    state = Creation(Neighbours(None, None, ()))
    with pytest.raises(AgencyUnknown):
        create_client(state, CreateClient(CLIENT, "byra-ett", content(), KARIN, "corr-1"), NOW)


@pytest.mark.parametrize("sent", [{}, {"details": 1}, {"details": {"identity": []}}, {"details": {"identity": {}}}])
def test_neighbours_are_sought_only_by_what_can_be_read(sent: dict[str, Any]) -> None:
    assert Wanted.of(sent, "byra-ett", None).identity_number(TODAY) is None


def test_what_is_sought_does_not_show_the_number() -> None:
    wanted = Wanted.of(content(details__identity=sole_trader()), "byra-ett", None)
    number = wanted.identity_number(TODAY)
    assert number is not None
    assert number.canonical == "198112189876"
    assert not tells_number(repr(wanted))


def test_a_consultant_of_no_agency_is_reported_beside_what_else_is_wrong() -> None:
    sent = content(access__invoice_interval="week", responsible_consultant="nobody")
    state = Creation(Neighbours("en", None, (), no_such_consultant=True))
    with pytest.raises(ContentInvalid) as refused:
        create_client(state, CreateClient(CLIENT, "byra-ett", sent, KARIN, "corr-1"), NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        ("/access/invoice_interval", "invalid_choice"),
        ("/responsible_consultant", "unknown_consultant"),
    ]
