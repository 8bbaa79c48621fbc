"""How a client comes into the list and how its entry follows the client."""

import pytest

from schemas.activation import ActivationListedV1, ActivationReassignedV1
from schemas.client import ClientErasedV1, ClientSnapshotV1, ClientUpdatedV1
from schemas.values import Person
from services.activation.domain.activation import ClientUnknown
from services.activation.domain.arrow import activate
from services.activation.domain.listing import follow_client, follow_snapshot, forget_client, list_client
from tests.unit.activation.events import CLIENT, LATER, NOW, arrow, client, created, envelope, listed, only


def updated(**changes: object) -> ClientUpdatedV1:
    return ClientUpdatedV1.model_validate(client(**changes))


def snapshot(**changes: object) -> ClientSnapshotV1:
    return ClientSnapshotV1.model_validate(client(**{"status": "submitted", **changes}))


def test_a_created_client_waits_in_the_list_and_the_list_says_so_as_version_1() -> None:
    decision = list_client(None, created(responsible_consultant="erik"), LATER)

    assert decision.state.status == "pending"
    assert decision.state.version == 1
    said = only(decision, ActivationListedV1)
    assert decision.says[0].version == 1
    assert said.model_dump() == {
        "client_id": CLIENT,
        "agency": "byra-ett",
        "client_name": "Exempelbolaget AB",
        "test": False,
        "origin": "wizard",
        "program_access": True,
        "counts": {"bookkeeping": 2, "invoicing": 1, "payroll": 0},
        "confirmation_email": "anna@exempelbolaget.se",
        "locale": "sv",
        "created_by": {"sub": "karin", "name": "Karin Karlsson"},
        "responsible_consultant": "erik",
        "created_at": NOW,
        "listed_at": LATER,
    }


def test_only_programs_with_licences_are_stored() -> None:
    assert listed().ordered == {"bookkeeping": 2, "invoicing": 1}


def test_a_repeated_creation_changes_and_says_nothing() -> None:
    state = listed()

    decision = list_client(state, created(name="Annat namn AB"), LATER)

    assert decision.state is state
    assert decision.says == ()


def test_a_client_from_an_event_has_no_creator() -> None:
    state = listed(created_by=None, origin="event")

    assert (state.created_by_sub, state.created_by_name) == (None, None)


def test_the_correlation_id_of_the_creation_stays_with_the_activation() -> None:
    assert listed(correlation="from-upstream").correlation_id == "from-upstream"


def test_an_update_is_followed_in_what_onboarding_owns_and_says_nothing() -> None:
    state = listed(responsible_consultant="erik")
    event = envelope(
        updated(name="Nytt namn AB", test=True, locale="en", confirmation_email="ny@bolaget.se", counts={"payroll": 9}),
        version=2,
    )

    decision = follow_client(state, event, LATER)

    assert decision.says == ()
    after = decision.state
    assert (after.client_name, after.test, after.locale) == ("Nytt namn AB", True, "en")
    assert after.confirmation_email == "ny@bolaget.se"
    assert (after.responsible_consultant, after.version, after.ordered) == ("erik", 1, state.ordered)


def test_an_update_without_news_leaves_the_state_alone() -> None:
    state = listed()

    assert follow_client(state, envelope(updated(), version=2), LATER).state is state


def test_an_update_of_an_unknown_client_is_refused() -> None:
    with pytest.raises(ClientUnknown):
        follow_client(None, envelope(updated(), version=2), LATER)


def test_a_snapshot_lists_a_client_that_waits_and_was_never_heard_of() -> None:
    decision = follow_snapshot(None, envelope(snapshot()), LATER)

    assert only(decision, ActivationListedV1).client_name == "Exempelbolaget AB"


def test_a_snapshot_of_a_known_client_is_followed() -> None:
    decision = follow_snapshot(listed(), envelope(snapshot(name="Nytt namn AB")), LATER)

    assert decision.state.client_name == "Nytt namn AB"
    assert decision.says == ()


def test_a_snapshot_of_an_active_client_that_was_never_heard_of_is_refused() -> None:
    with pytest.raises(ClientUnknown):
        follow_snapshot(None, envelope(snapshot(status="active")), LATER)


def test_an_erased_client_keeps_no_name_and_no_address() -> None:
    state = activate(listed(), arrow("karin"), NOW).state

    after = forget_client(state, envelope(ClientErasedV1(client_id=CLIENT, agency="byra-ett"), version=3), LATER).state

    assert after.forgotten
    assert (after.client_name, after.confirmation_email, after.created_by_name, after.activated_by_name) == ("",) * 4
    assert after.cancelled_by_name is None
    assert after.activated_by_sub == "karin"


def test_a_connected_client_brings_its_administrators() -> None:
    people = [
        {"sub": "olle", "name": "Olle", "email": "olle@bolaget.se", "locale": "sv"},
        {"name": "Pia", "email": "pia@bolaget.se", "locale": "sv"},
    ]

    olle, pia = listed(origin="connected", administrators=people).joined

    assert (olle.sub, olle.state, olle.system_administrator) == ("olle", "active", True)
    assert (pia.sub, pia.state, pia.system_administrator) == (None, "invited", True)


def test_whom_upstream_names_is_invited_and_administers_nothing() -> None:
    people = [{"sub": "olle", "name": "Olle", "email": "olle@bolaget.se", "locale": "sv"}]

    (olle,) = listed(origin="event", administrators=people).joined

    assert (olle.sub, olle.state, olle.system_administrator) == (None, "invited", False)


def test_an_administrator_named_twice_is_one_user() -> None:
    person = {"name": "Olle", "email": "olle@bolaget.se", "locale": "sv"}

    assert len(listed(administrators=[person, person]).joined) == 1


def test_the_creator_travels_whole() -> None:
    assert only(list_client(None, created(), NOW), ActivationListedV1).created_by == Person(
        sub="karin", name="Karin Karlsson"
    )


KARIN = Person(sub="karin", name="Karin Karlsson")


def test_an_update_that_names_another_consultant_is_taken_over_and_said_while_the_client_waits() -> None:
    data = updated(responsible_consultant="erik", changed=["responsible_consultant"], changed_by=KARIN)
    decision = follow_client(listed(responsible_consultant="anna"), envelope(data), LATER)
    assert decision.state.responsible_consultant == "erik"
    said = only(decision, ActivationReassignedV1)
    assert (said.responsible_consultant, said.by, decision.says[0].version) == ("erik", KARIN, 2)


@pytest.mark.parametrize("changed", [None, [], ["name"]])
def test_an_update_of_something_else_leaves_the_consultant_whom_we_know(changed: list[str] | None) -> None:
    data = updated(responsible_consultant="erik", name="Nytt AB", changed=changed, changed_by=KARIN)
    decision = follow_client(listed(responsible_consultant="anna"), envelope(data), LATER)
    assert (decision.state.responsible_consultant, decision.state.client_name, decision.says) == ("anna", "Nytt AB", ())


def test_once_activated_an_update_names_no_consultant() -> None:
    state = activate(listed(responsible_consultant="anna"), arrow(), LATER).state
    data = updated(responsible_consultant="erik", changed=["responsible_consultant"], changed_by=KARIN)
    decision = follow_client(state, envelope(data), LATER)
    assert (decision.state.responsible_consultant, decision.says) == ("anna", ())
