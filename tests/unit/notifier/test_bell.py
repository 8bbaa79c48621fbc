"""Who is told of a listed client, what the bell says, and what happens to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from schemas.agency import AgencySnapshotV1, ConsultantData, ConsultantRemovedV1
from schemas.notification import NotificationRaisedV1
from schemas.values import RequestedBy
from services.notifier.domain.agency import Agency, agency_told, consultant_removed, consultant_told
from services.notifier.domain.bell import Bell, Handled, Staff
from services.notifier.domain.bell_texts import text
from services.notifier.domain.news import ClientKey, ClientNews
from services.notifier.domain.news import activated as on_activated
from services.notifier.domain.news import cancelled as on_cancelled
from services.notifier.domain.news import listed as on_listed
from tests.unit.notifier.events import HANDLED_AT, activated, cancelled, consultant, event_of, listed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def news(*client_managers: str) -> ClientNews:
    return ClientNews(ClientKey("byra-ett", uuid4()), Staff(client_managers))


def of(news: ClientNews) -> UUID:
    assert news.key.client_id is not None
    return news.key.client_id


def told(before: ClientNews, **changes: object) -> tuple[ClientNews, Bell, tuple[object, ...]]:
    decision = on_listed(before, listed(of(before), **changes), NOW)
    assert decision.state.bell is not None
    return decision.state, decision.state.bell, tuple(say.data for say in decision.says)


def test_a_listed_client_gets_one_mail_and_one_bell() -> None:
    after, bell, said = told(news())
    assert [draft.recipient for draft in after.drafts] == ["anna@exempelbolaget.se"]
    assert (bell.audience, bell.recipients) == ("creator", ("karin",))
    assert [type(data) for data in said] == [NotificationRaisedV1]


def test_a_client_without_creator_rings_for_the_responsible_consultant() -> None:
    _, bell, _ = told(news("erik"), created_by=None, responsible_consultant="anna")
    assert (bell.audience, bell.recipients) == ("responsible", ("anna",))


def test_a_client_that_nobody_answers_for_rings_for_all_client_managers() -> None:
    _, bell, _ = told(news("erik", "anna"), created_by=None)
    assert (bell.audience, bell.recipients) == ("client_managers", ("anna", "erik"))


def test_a_bell_waits_while_nobody_is_known_and_the_mail_does_not() -> None:
    after, bell, said = told(news(), created_by=None)
    assert bell.waiting
    assert said == ()
    assert len(after.drafts) == 1


def test_a_client_listed_twice_changes_nothing() -> None:
    after, _, _ = told(news())
    again = on_listed(after, listed(of(after)), NOW)
    assert again.state is after
    assert again.says == ()


def test_an_activated_client_changes_the_text() -> None:
    after, _, _ = told(news())
    handled = on_activated(after, activated(of(after)), NOW).state.bell
    assert handled is not None
    assert handled.handled == Handled("activated", "Karin", HANDLED_AT, "karin")
    assert text(handled, NOW, "sv") == ("Exempelbolaget AB: aktiverad av Karin 10:42")


def test_a_client_cancelled_by_a_source_names_no_person() -> None:
    after, _, _ = told(news())
    by = RequestedBy(kind="source", id="/upstream/demo")
    handled = on_cancelled(after, cancelled(of(after), by), NOW).state.bell
    assert handled is not None
    assert text(replace(handled, client_name="Bolaget"), NOW, "en") == (
        "Bolaget: cancelled by the upstream system 10:42"
    )


def test_what_was_never_told_is_not_handled() -> None:
    before = news()
    assert on_activated(before, activated(of(before)), NOW).state is before


@pytest.mark.parametrize(
    ("ago", "shown"), [(timedelta(days=3), "2 mars 10:42"), (timedelta(days=400), "2 mars 2026 10:42")]
)
def test_an_older_moment_is_shown_with_its_day(ago: timedelta, shown: str) -> None:
    handled = Handled("activated", "Karin", HANDLED_AT)
    bell = replace(told(news())[1], client_name="Bolaget", handled=handled)
    assert text(bell, HANDLED_AT + ago, "sv") == f"Bolaget: aktiverad av Karin {shown}"


def test_a_summer_moment_is_shown_in_summer_time() -> None:
    at = datetime(2026, 7, 1, 8, 42, tzinfo=UTC)
    bell = replace(told(news())[1], handled=Handled("activated", "K", at))
    assert text(bell, at, "sv").endswith("10:42")


def waiting_agency() -> Agency:
    _, bell, _ = told(news(), created_by=None)
    return Agency("byra-ett", waiting=(replace(bell, id=uuid4()),))


def test_the_first_client_manager_gets_what_waited() -> None:
    decision = consultant_told(waiting_agency(), consultant("karin", "client_manager"), NOW)
    assert [bell.recipients for bell in decision.state.rung] == [("karin",)]
    assert [say.correlation_id for say in decision.says] == ["correlation-1"]
    assert decision.state.waiting == ()


def test_a_consultant_of_another_role_does_not_end_the_waiting() -> None:
    decision = consultant_told(waiting_agency(), consultant("anna", "agency_admin"), NOW)
    assert decision.state.rung == ()
    assert decision.says == ()


def test_what_rang_does_not_ring_for_the_second_client_manager() -> None:
    first = consultant_told(waiting_agency(), consultant("karin", "client_manager"), NOW).state
    second = consultant_told(first, consultant("erik", "client_manager"), NOW)
    assert second.says == ()
    assert [bell.recipients for bell in second.state.rung] == [("karin",)]


def test_a_snapshot_replaces_the_consultants() -> None:
    before = consultant_told(Agency("byra-ett"), consultant("gone", "client_manager"), NOW).state
    karin = ConsultantData(sub="karin", name="Karin", email="k@byra.se", locale="sv", roles=["client_manager"])
    snapshot = AgencySnapshotV1(
        agency="byra-ett", name="Byrå Ett", locale="sv", client_visibility="all", consultants=[karin]
    )
    after = agency_told(before, event_of(snapshot), NOW).state
    assert (after.name, after.client_managers) == ("Byrå Ett", ("karin",))


def test_a_removed_consultant_is_no_client_manager() -> None:
    before = consultant_told(Agency("byra-ett"), consultant("karin", "client_manager"), NOW).state
    after = consultant_removed(before, event_of(ConsultantRemovedV1(agency="byra-ett", sub="karin")), NOW).state
    assert after.client_managers == ()
