"""Each kind of bell: what rings it, for whom, and what its text becomes when the fact has moved on."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from schemas.activation import (
    ActivationCancellationRefusedV1,
    ActivationReassignedV1,
    ActivationReminderDueV1,
    ConsultantsChangedV1,
)
from schemas.envelope import EventData
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1, HandoverCompletedV1
from schemas.licences import LicencesChangedV1, LicencesLowV1, LicencesOverAssignedV1
from schemas.users import InvitationChangedV1, UserAcceptedV1, UserRemovedV1
from schemas.values import LicenceRow, Person, Recipient, RequestedBy
from services.notifier.domain.bell import Bell, Handled, HandledHow, Staff
from services.notifier.domain.bell_texts import text
from services.notifier.domain.kinds import KINDS, Kind
from services.notifier.domain.news import ClientKey, ClientNews
from services.notifier.handlers import CLIENTS
from tests.unit.notifier.events import HANDLED_AT, LISTED_AT, activated, cancelled, event_of
from tests.unit.notifier.partings import disconnection

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLIENT = UUID(int=7)
SCOPE: dict[str, Any] = {"client_id": CLIENT, "agency": "byra-ett", "client_name": "Bolaget AB", "test": False}
ERIK = Person(sub="erik", name="Erik")
ANNA = Recipient(sub="anna", name="Anna")
GRACE = datetime(2026, 3, 16, tzinfo=UTC)
PEOPLE = frozenset({("creator", "karin"), ("responsible", "erik"), ("linked", "karin"), ("linked", "erik")})
STAFF = Staff(("karin", "erik"), ("anna",), names={"karin": "Karin", "erik": "Erik", "anna": "Anna"})
NEWS = ClientNews(ClientKey("byra-ett", CLIENT), STAFF, people=PEOPLE)
OF_AGENCY = ClientNews(ClientKey("byra-ett", None), STAFF)
INVITATION: dict[str, Any] = {
    "user_id": UUID(int=8),
    "invitation_id": UUID(int=9),
    "generation": 1,
    "mailing": 1,
    "kid": "k1",
    "name": "Lisa",
    "email": "lisa@bolaget.se",
    "locale": "sv",
    "invited_by": ERIK,
    "expires_at": GRACE,
}
USER: dict[str, Any] = {
    **SCOPE, "user_id": UUID(int=8), "sub": "lisa", "name": "Lisa", "email": "lisa@bolaget.se", "locale": "sv",
}  # fmt: skip

REMINDER = ActivationReminderDueV1(**SCOPE, pending_since=LISTED_AT, day=date(2026, 3, 9))
REFUSED = ActivationCancellationRefusedV1(**SCOPE, request_id=UUID(int=1), code="already_activated")
REASSIGNED = ActivationReassignedV1(**SCOPE, responsible_consultant="anna", by=ERIK)
HANDOVER = HandoverCompletedV1(**SCOPE, handover_id=UUID(int=2), from_=ERIK, to=ANNA)
LOW = LicencesLowV1(**SCOPE, program="bookkeeping", available=1, threshold=1, administrators=["karin"])
OVER = LicencesOverAssignedV1(
    **SCOPE, program="bookkeeping", purchased=2, assigned=2, reserved=1, grace_until=GRACE, administrators=[ANNA]
)
EXPIRED = InvitationChangedV1(**SCOPE, **INVITATION, state="expired")
RELEASE = ConsultantReleaseRefusedV1(
    agency="byra-ett", sub="erik", request_id=UUID(int=3), code="last_system_administrator", clients=[CLIENT]
)


def tell(news: ClientNews, data: EventData) -> tuple[ClientNews, tuple[Any, ...]]:
    decision = CLIENTS.decide[type(data)](news, event_of(data), NOW)
    return decision.state, tuple(say.data for say in decision.says)


def rung(data: EventData, news: ClientNews = NEWS) -> Bell:
    after, _ = tell(news, data)
    return next(each for each in after.bells if each not in news.bells)


def enough(purchased: int) -> LicencesChangedV1:
    row = LicenceRow(program="bookkeeping", purchased=purchased, assigned=2, reserved=1)
    return LicencesChangedV1(**SCOPE, program_access=True, licences=[row], scheduled=[])


RINGS: list[tuple[Kind, EventData, str, tuple[str, ...], str]] = [
    ("reminder_due", REMINDER, "responsible", ("erik",), "Bolaget AB: väntar på att aktiveras sedan 09:00"),
    ("licences_low", LOW, "user", ("erik", "karin"), "Bolaget AB: 1 lediga licenser kvar i Bokföring"),
    ("over_assigned", OVER, "user", ("anna", "erik"), "Bolaget AB: 1 fler licenser i bruk än köpta i Bokföring"),
    ("cancellation_refused", REFUSED, "creator", ("karin",), "Bolaget AB: kunde inte avbrytas"),
    ("reassigned", REASSIGNED, "responsible", ("anna",), "Bolaget AB: du är ansvarig nu, enligt Erik"),
    ("handover", HANDOVER, "user", ("anna",), "Bolaget AB: du har tagit över efter Erik"),
    ("disconnection_requested", disconnection("requested", ERIK), "user", ("karin",),
     "Bolaget AB: Erik vill koppla bort byrån"),
    ("disconnection_approved", disconnection("approved", ERIK), "user", ("karin",), "Bolaget AB: bortkopplad av Erik"),
    ("disconnection_withdrawn", disconnection("withdrawn", ERIK), "user", ("karin",),
     "Bolaget AB: bortkopplingen återtagen av Erik"),
    ("disconnection_expired", disconnection("expired", ERIK), "user", ("erik", "karin"),
     "Bolaget AB: bortkopplingen godkändes inte i tid"),
    ("invitation_expired", EXPIRED, "user", ("erik",), "Bolaget AB: inbjudan till Lisa har gått ut"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "audience", "subs", "says"), RINGS, ids=[each[0] for each in RINGS])
def test_a_fact_about_a_client_rings_for_whom_it_concerns(
    kind: Kind, data: EventData, audience: str, subs: tuple[str, ...], says: str
) -> None:
    after, said = tell(NEWS, data)
    (bell,) = after.bells
    assert (bell.kind, bell.audience, bell.recipients, bell.waiting) == (kind, audience, subs, False)
    assert text(bell, NOW, "sv") == says
    assert text(bell, NOW, "en") != says
    assert [(each.kind, each.count) for each in said] == [(kind, len(subs))]
    assert tell(after, data)[0].bells == after.bells or kind in ("licences_low", "reassigned")


def test_every_kind_is_rung_in_these_tests() -> None:
    by_other_tests = {"client_listed", "email_failed", "email_unknown", "release_refused"}
    assert {each[0] for each in RINGS} | by_other_tests == set(get_args(Kind)) == set(KINDS)


def test_a_consultant_who_cannot_leave_rings_for_the_agency_s_administrators() -> None:
    after, said = tell(OF_AGENCY, RELEASE)
    (bell,) = after.bells
    assert (bell.client_id, bell.audience, bell.recipients) == (None, "agency_admins", ("anna",))
    assert text(bell, NOW, "sv") == "Erik kan inte tas bort: 1 klienter blir utan administratör"
    assert said == ()  # its key would be a client
    released = ConsultantReleasedV1(agency="byra-ett", sub="erik", request_id=UUID(int=4), clients=[])
    (settled,) = tell(after, released)[0].bells
    assert text(settled, NOW, "sv").startswith("Erik har lämnat sina klienter ")


FOLLOWS: list[tuple[HandledHow, EventData, EventData, str]] = [
    ("activated", REMINDER, activated(CLIENT, ERIK).data, "Bolaget AB: aktiverad av Erik 10:42"),
    ("cancelled", REFUSED, cancelled(CLIENT, RequestedBy(kind="source", id="/x")).data,
     "Bolaget AB: avbruten av uppdragssystemet 10:42"),
    ("cancelled", LOW, cancelled(CLIENT, RequestedBy(kind="user", id="erik", name="Erik")).data,
     "Bolaget AB: avbruten av Erik 10:42"),
    ("given_on", REASSIGNED, ActivationReassignedV1(**SCOPE, by=ERIK), "Bolaget AB: lämnad vidare av Erik 09:00"),
    ("enough_again", LOW, enough(5), "Bolaget AB: licenserna i Bokföring räcker igen 09:00"),
    ("enough_again", OVER, enough(3), "Bolaget AB: licenserna i Bokföring räcker igen 09:00"),
    ("sent_again", EXPIRED, InvitationChangedV1(**SCOPE, **INVITATION, state="resent"),
     "Bolaget AB: inbjudan till Lisa skickad igen 09:00"),
    ("withdrawn", EXPIRED, InvitationChangedV1(**SCOPE, **INVITATION, state="withdrawn"),
     "Bolaget AB: återtagen 09:00"),
    ("accepted", EXPIRED, UserAcceptedV1(**USER, state="active"), "Bolaget AB: Lisa har kommit in 09:00"),
    ("disconnected", disconnection("requested", ERIK), disconnection("approved", Person(sub="lisa", name="Lisa")),
     "Bolaget AB: bortkopplad av Lisa 09:00"),
    ("withdrawn", disconnection("requested", ERIK), disconnection("withdrawn", ERIK), "Bolaget AB: återtagen 09:00"),
    ("expired", disconnection("requested", ERIK), disconnection("expired", ERIK),
     "Bolaget AB: bortkopplingen godkändes inte i tid 09:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("how", "first", "then", "says"),
    FOLLOWS,
    ids=[f"{type(b).__name__} after {type(a).__name__}" for _, a, b, _ in FOLLOWS],
)
def test_the_text_follows_the_fact_and_nobody_is_rung_for_it_again(
    how: HandledHow, first: EventData, then: EventData, says: str
) -> None:
    stored = replace(rung(first), id=uuid4(), recipients=())
    after, _ = tell(replace(NEWS, bells=(stored,)), then)
    (bell,) = [each for each in after.bells if each.id == stored.id]
    assert bell.handled is not None
    assert (bell.handled.how, bell.recipients) == (how, ())
    assert text(bell, HANDLED_AT, "sv") == says
    assert text(bell, HANDLED_AT, "en") != says


def test_every_way_of_being_handled_is_provoked_in_these_tests() -> None:
    by_other_tests = {"sent", "released"}
    assert {each[0] for each in FOLLOWS} | by_other_tests == set(get_args(HandledHow))


@pytest.mark.parametrize("purchased", [2, 4])
def test_licences_that_are_still_few_are_told_of_as_before(purchased: int) -> None:
    first = OVER if purchased == 2 else LOW
    stored = replace(rung(first), id=uuid4())
    news = replace(NEWS, bells=(stored,))
    assert tell(news, enough(purchased))[0].bells == news.bells


def test_those_who_were_told_of_a_wish_to_part_hear_its_end_though_nobody_is_linked_any_more() -> None:
    asked, _ = tell(NEWS, disconnection("requested", Person(sub="lisa", name="Lisa")))
    apart, _ = tell(replace(asked, people=frozenset()), ConsultantsChangedV1(**SCOPE, consultants=[]))
    after, _ = tell(apart, disconnection("approved", Person(sub="lisa", name="Lisa")))
    assert after.bells[-1].recipients == ("erik", "karin")


def test_whoever_takes_a_client_over_by_themselves_is_not_told_so() -> None:
    after, said = tell(NEWS, ActivationReassignedV1(**SCOPE, responsible_consultant="erik", by=ERIK))
    assert (after.bells[-1].recipients, after.bells[-1].waiting, said) == ((), False, ())


def test_a_hand_over_rings_once_for_whoever_takes_over_and_says_of_the_one_before_that_it_went_on() -> None:
    """Both events of the act are about the same person; it would ring twice if each rang."""
    before = replace(rung(REASSIGNED.model_copy(update={"responsible_consultant": "erik"})), id=uuid4(), recipients=())
    part = REASSIGNED.model_copy(update={"handover_id": HANDOVER.handover_id})
    after, said = tell(replace(NEWS, bells=(before,)), part)
    assert after.people >= {("responsible", "anna")}
    whole, more = tell(after, HANDOVER)
    new = [each for each in whole.bells if each.id is None]
    assert [(each.kind, each.recipients) for each in new] == [("handover", ("anna",))]
    assert [each.kind for each in (*said, *more)] == ["handover"]
    assert [each.handled and each.handled.how for each in whole.bells if each.id == before.id] == ["given_on"]


def test_an_invitation_by_somebody_unknown_is_told_to_those_who_work_there() -> None:
    data = EXPIRED.model_copy(update={"invited_by": Person(sub="aktivera", name="Aktivera")})
    assert rung(data).recipients == ("erik", "karin")


def test_a_reminder_goes_to_the_creator_where_nobody_is_responsible_and_else_to_all_client_managers() -> None:
    created = replace(NEWS, people=frozenset({("creator", "karin")}))
    assert rung(REMINDER, created).recipients == ("karin",)
    nobody = replace(NEWS, people=frozenset())
    assert rung(REMINDER, nobody).recipients == ("erik", "karin")


@pytest.mark.parametrize("data", [each[1] for each in RINGS], ids=[each[0] for each in RINGS])
def test_a_bell_waits_while_nobody_is_known(data: EventData) -> None:
    bell = rung(data, ClientNews(ClientKey("byra-ett", CLIENT)))
    if bell.audience == "client_managers":
        assert bell.waiting
    assert bell.waiting or bell.recipients or bell.audience == "user"


def test_whoever_has_left_is_told_nothing_and_the_next_in_turn_is() -> None:
    gone = replace(NEWS, staff=replace(STAFF, former=frozenset({"karin"})))
    bell = rung(REFUSED, gone)
    assert (bell.audience, bell.recipients) == ("responsible", ("erik",))


def test_a_kind_that_somebody_turned_off_rings_for_the_others_alone() -> None:
    muted = replace(STAFF, muted=frozenset({("karin", "licences_low"), ("anna", "over_assigned")}))
    assert rung(LOW, replace(NEWS, staff=muted)).recipients == ("erik",)
    assert rung(OVER, replace(NEWS, staff=muted)).recipients == ("anna", "erik")  # mandatory


def test_nothing_is_told_of_an_erased_client() -> None:
    erased = replace(NEWS, erased=True)
    for _, data, _, _, _ in RINGS:
        assert tell(erased, data)[0].bells == ()


def test_a_user_who_is_removed_is_remembered_until_what_rang_for_them_is_gone() -> None:
    after, _ = tell(NEWS, UserRemovedV1(**USER, state="removed"))
    assert after.removed == {(UUID(int=8), "lisa")}


TURNED = "\u202eAB tegaloB\u202c \u2067x\u2069\u200f"


@pytest.mark.parametrize("locale", ["sv", "en"])
def test_a_name_does_not_turn_the_letters_of_a_bell_around(locale: str) -> None:
    """What follows a character that sets the direction would be read as something else."""
    bell = replace(rung(HANDOVER), client_name=TURNED, about=TURNED)
    handled = replace(bell, handled=Handled("activated", TURNED, HANDLED_AT, "erik"))
    said = text(bell, NOW, locale), text(handled, HANDLED_AT, locale)
    assert [each.count("AB tegaloB x") for each in said] == [2, 2]
    assert not {*"".join(said)} & {*"\u202e\u202c\u2067\u2069\u200f"}


def test_of_a_person_who_was_forgotten_no_name_is_said() -> None:
    bell = replace(rung(HANDOVER), about=None)
    assert text(bell, NOW, "sv") == "Bolaget AB: du har tagit över efter någon"
    handled = replace(bell, handled=Handled("activated", None, HANDLED_AT, "erik"))
    assert text(handled, HANDLED_AT, "en") == "Bolaget AB: activated by somebody 10:42"
