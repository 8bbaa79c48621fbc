"""Another number for a client: what may become what, the duplicates looked for anew, and only masks in the history."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from schemas.client import ClientUpdatedV1
from schemas.envelope import Decision
from schemas.errors import Refused
from services.onboarding.domain.changing import StaleVersion, Standing
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.creation import (
    AssociationPerhapsExists,
    ClientExistsElsewhere,
    ClientExistsInAgency,
    Namesake,
    Neighbours,
)
from services.onboarding.domain.identifying import ChangeIdentity, Identifying, IdentityKindFixed, change_identity
from services.onboarding.domain.life_cycle import ClientIsCancelled
from services.onboarding.domain.new_client import name_key
from services.onboarding.domain.on_file import ClientOnFile
from services.onboarding.domain.rule_book import ContentInvalid
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import NOW, association, sole_trader
from tests.unit.onboarding.test_changing import ASSOCIATION, CLIENT, ERIK

ORGANISATION = {"kind": "organisation", "number": "802000-1239"}
TRADER = replace(CLIENT, identity_kind="sole_trader", identity_mask="121272-••••")


def other(number: int, agency: str, client: ClientOnFile, kind: Any = None) -> Namesake:
    return Namesake(UUID(int=number), agency, kind or client.identity_kind, name_key(client.name))


def identify(
    client: ClientOnFile | None,
    identity: Any,
    *others: Namesake,
    seen: int = 2,
    agency: str = "byra-ett",
    **beside: Any,
) -> Decision[Identifying]:
    state = None
    if client is not None:
        state = Identifying(Standing(client, "sv", None, ()), Neighbours("sv", None, others))
    command = ChangeIdentity(agency, seen, {"details": {"identity": identity}, **beside}, ERIK)
    return change_identity(state, command, NOW)


def test_an_association_gets_its_number_and_nobody_answers_with_their_own_any_more() -> None:
    decision = identify(ASSOCIATION, ORGANISATION)
    after = decision.state.standing.client
    assert (after.identity_kind, after.identity_mask, after.responsible_person) == ("organisation", "802000-1239", None)
    assert (after.version, after.edition) == (4, 3)
    assert decision.state.identity is not None
    assert decision.state.identity.number.canonical == "168020001239"
    (say,) = decision.says
    assert isinstance(say.data, ClientUpdatedV1)
    assert (say.version, say.data.identity_kind, say.data.changed) == (4, "organisation", ["identity_kind", "identity"])
    assert "802000" not in say.data.model_dump_json()


def test_the_history_keeps_masks_alone() -> None:
    noted = identify(ASSOCIATION, association("121272-1219")).state.standing.noted
    assert noted is not None
    assert noted.act == "change_identity"
    assert [(each.pointer, each.before, each.after) for each in noted.altered] == [
        ("/details/identity/number", "811218-••••", "121272-••••")
    ]
    assert not tells_number(repr(noted), "121272-1219")


@pytest.mark.parametrize(
    ("client", "identity"),
    [
        (TRADER, sole_trader("811218-9876")),
        (ASSOCIATION, association("701061-1239")),
        (CLIENT, ORGANISATION),
        (ASSOCIATION, ORGANISATION),
    ],
)
def test_what_a_client_may_become(client: ClientOnFile, identity: dict[str, Any]) -> None:
    assert identify(client, identity).state.standing.client.identity_kind == identity["kind"]


@pytest.mark.parametrize(
    ("client", "identity"),
    [
        (CLIENT, sole_trader()),
        (CLIENT, association()),
        (TRADER, ORGANISATION),
        (TRADER, association()),
        (ASSOCIATION, sole_trader()),
    ],
)
def test_what_would_be_another_client_is_refused(client: ClientOnFile, identity: dict[str, Any]) -> None:
    with pytest.raises(IdentityKindFixed) as refused:
        identify(client, identity)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [
        ("/details/identity/kind", "identity_kind_fixed")
    ]
    assert (refused.value.facts["from"], refused.value.facts["to"]) == (client.identity_kind, identity["kind"])


@pytest.mark.parametrize(
    ("identity", "pointer", "code"),
    [
        (None, "/details/identity", "identity_required"),
        ({"kind": "organisation"}, "/details/identity/number", "identity_required"),
        ({"kind": "organisation", "number": "556036-0794"}, "/details/identity/number", "invalid_check_digit"),
        ({"kind": "organisation", "number": "811218-9876"}, "/details/identity/number", "identity_is_personal"),
        (
            {"kind": "association_without_orgnr", "number": "811218-9876"},
            "/details/identity/responsible_person",
            "responsible_person_required",
        ),
    ],
)
def test_a_wrong_number_has_the_code_and_the_place_of_the_creation(identity: Any, pointer: str, code: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        identify(ASSOCIATION, identity)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [(pointer, code)]


@pytest.mark.parametrize(
    ("agency", "refusal"), [("byra-ett", ClientExistsInAgency), ("byra-tva", ClientExistsElsewhere)]
)
def test_a_number_that_somebody_has_is_refused_as_at_the_creation(agency: str, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        identify(ASSOCIATION, ORGANISATION, other(9, agency, CLIENT))


def test_a_number_that_only_a_client_of_another_kind_has_is_free() -> None:
    assert identify(ASSOCIATION, association("121272-1219"), other(9, "byra-ett", TRADER)).says


def test_an_association_with_the_same_person_and_name_is_confirmed_or_refused() -> None:
    double = other(9, "byra-ett", ASSOCIATION)
    with pytest.raises(AssociationPerhapsExists):
        identify(ASSOCIATION, association("121272-1219"), double)
    after = identify(ASSOCIATION, association("121272-1219"), double, confirm_duplicate=True)
    assert after.state.standing.client.confirmed_duplicate


def test_its_own_number_again_changes_nothing_and_another_name_of_the_person_leaves_the_vault_alone() -> None:
    own = other(CLIENT.client_id.int, "byra-ett", ASSOCIATION)
    same = identify(ASSOCIATION, association(), own)
    assert (same.says, same.state.standing.client) == ((), ASSOCIATION)
    renamed = identify(ASSOCIATION, association() | {"responsible_person": "Berit Ek"}, own)
    assert renamed.state.standing.client.responsible_person == "Berit Ek"
    assert renamed.state.identity is None
    assert len(renamed.says) == 1


def test_who_may_not_or_has_not_seen_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ClientElsewhere):
        identify(None, ORGANISATION)
    with pytest.raises(ClientElsewhere):
        identify(ASSOCIATION, ORGANISATION, agency="byra-tva")
    with pytest.raises(StaleVersion):
        identify(ASSOCIATION, ORGANISATION, seen=1)
    with pytest.raises(ClientIsCancelled):
        identify(replace(ASSOCIATION, status="cancelled"), ORGANISATION)
