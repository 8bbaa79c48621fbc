"""Whom bells wait for, and what is left of them when a mail comes through, a consultant leaves or a user is removed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.agency import ConsultantRemovedV1
from schemas.envelope import Envelope
from schemas.handover import ConsultantReleasedV1, ConsultantReleaseRefusedV1
from schemas.licences import LicencesOverAssignedV1
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from schemas.users import InvitationChangedV1, UserRemovedV1
from schemas.values import Person, Recipient
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_bell import items
from tests.integration.notifier.test_bell_states import reminder
from tests.integration.notifier.test_erasure import erased
from tests.unit.notifier.events import HANDLED_AT, activated, consultant, event_of, listed

SCOPE: dict[str, Any] = {"agency": "byra-ett", "client_name": "Exempelbolaget AB", "test": False}


def refused(version: int = 1) -> Envelope[Any]:
    data = ConsultantReleaseRefusedV1(
        agency="byra-ett", sub="erik", request_id=uuid4(), code="last_system_administrator", clients=[uuid4()]
    )
    return event_of(data, version)


def outcome(model: Any, mail: dict[str, Any]) -> Envelope[Any]:
    data = model(
        client_id=mail["client_id"],
        agency="byra-ett",
        email_id=mail["id"],
        template=mail["template"],
        cause_id=mail["cause_id"],
        attempts=1,
        at=HANDLED_AT,
    )
    return event_of(data).model_copy(update={"sequence": None})


async def test_what_concerns_administrators_waits_for_the_first_of_them(running: Running) -> None:
    await running.hear(consultant("erik", "client_manager"))
    await running.hear(refused())
    assert await items(running, "erik") == []
    await running.hear(consultant("anna", "agency_admin").model_copy(update={"sequence": "2"}))
    (item,) = await items(running, "anna")
    assert item["text"] == "Erik kan inte tas bort: 1 klienter blir utan administratör"
    assert (item["client_id"], item["path"]) == (None, "/consultants")
    released = ConsultantReleasedV1(agency="byra-ett", sub="erik", request_id=uuid4(), clients=[])
    await running.hear(event_of(released, 2))
    (item,) = await items(running, "anna")
    assert item["text"].startswith("Erik har lämnat sina klienter")


async def test_every_kind_that_nobody_is_known_for_waits_and_rings_with_its_own_correlation(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id, created_by=None), reminder(client_id))
    assert [row["waiting"] for row in await running.rows("select waiting from bells")] == [True, True]
    await running.hear(consultant("karin", "client_manager"))
    assert {each["kind"] for each in await items(running)} == {"client_listed", "reminder_due"}
    said = [each["data"]["kind"] for each in await running.said("notification-events")]
    assert sorted(said) == ["client_listed", "reminder_due"]


@pytest.mark.parametrize(("model", "kind"), [(EmailFailedV1, "email_failed"), (EmailUnknownV1, "email_unknown")])
async def test_a_mail_that_did_not_arrive_rings_until_it_was_sent_after_all(
    running: Running, model: Any, kind: str
) -> None:
    await running.hear(listed(uuid4()))
    mail = await running.mail()
    await running.hear(outcome(model, mail))
    await running.hear(outcome(model, mail))
    (bell, _) = await items(running)
    assert (bell["kind"], bell["handled"]) == (kind, None)
    assert "bekräftelsemejlet" in bell["text"]
    before = await running.get("/v1/notifications/count")
    answer = await running.post(f"/v1/emails/{mail['id']}/resend")
    assert answer.status_code == 202, answer.text
    (again,) = await running.rows("select * from emails where resend = 1")
    await running.hear(outcome(EmailSentV1, again))
    (bell, _) = await items(running)
    assert bell["text"] == "Exempelbolaget AB: bekräftelsemejlet skickades 2 mars 10:42"
    assert await running.get("/v1/notifications/count") == before


async def test_a_mail_and_its_failure_in_one_batch_with_the_one_that_arrives(running: Running) -> None:
    await running.hear(listed(uuid4()))
    mail = await running.mail()
    await running.hear(outcome(EmailFailedV1, mail))
    await running.post(f"/v1/emails/{mail['id']}/resend")
    (again,) = await running.rows("select * from emails where resend = 1")
    await running.context.database.execute(
        "delete from notifications where bell_id in (select id from bells where kind = 'email_failed')"
    )
    await running.context.database.execute("delete from bells where kind = 'email_failed'")
    await running.hear(outcome(EmailFailedV1, mail), outcome(EmailSentV1, again))
    (bell, _) = await items(running)
    assert bell["handled"]["how"] == "sent"


async def test_a_mail_that_arrived_rings_for_nobody(running: Running) -> None:
    await running.hear(listed(uuid4()))
    await running.hear(outcome(EmailSentV1, await running.mail()))
    assert [each["kind"] for each in await items(running)] == ["client_listed"]


async def test_a_consultant_who_leaves_takes_their_bell_along_and_their_name(running: Running) -> None:
    client_id = uuid4()
    await running.hear(
        consultant("karin", "client_manager"), consultant("erik", "client_manager").model_copy(update={"sequence": "2"})
    )
    body = {"kinds": {"reminder_due": False}}
    await running.http.put("/v1/notifications/preferences", headers=running.token("erik"), json=body)
    erik = Person(sub="erik", name="Erik Hemlig")
    await running.hear(listed(client_id), listed(uuid4(), created_by=erik), activated(client_id, erik))
    await running.hear(event_of(ConsultantRemovedV1(agency="byra-ett", sub="erik"), 3))
    assert await items(running, "erik") == []
    (item,) = await items(running)
    assert item["text"] == "Exempelbolaget AB: aktiverad av någon 2 mars 10:42"
    assert await running.rows("select from muted_kinds") == []
    assert "Erik Hemlig" not in str(await running.rows("select * from bells"))

    await running.hear(listed(uuid4(), created_by=erik))  # what they did before is told to the others
    assert [len(await items(running, sub)) for sub in ("karin", "erik")] == [2, 0]
    await running.hear(consultant("erik", "client_manager").model_copy(update={"sequence": "4"}))
    await running.hear(listed(uuid4(), created_by=erik))
    assert [each["seq"] for each in await items(running, "erik")] == [2]


async def test_a_user_who_is_removed_from_a_client_has_no_bell_of_it(running: Running) -> None:
    client_id, other, user_id = uuid4(), uuid4(), uuid4()
    lisa = Recipient(sub="lisa", name="Lisa Hemlig")

    def over(of: UUID, version: int) -> Envelope[Any]:
        numbers = {"program": "bookkeeping", "purchased": 1, "assigned": 2, "reserved": 0}
        grace = datetime(2026, 4, 1, tzinfo=UTC)
        return event_of(
            LicencesOverAssignedV1(client_id=of, **SCOPE, **numbers, grace_until=grace, administrators=[lisa]), version
        )

    def removed(of: UUID, version: int) -> Envelope[Any]:
        who = {"user_id": user_id, "sub": "lisa", "name": "Lisa Hemlig", "email": "lisa@b.se", "locale": "sv"}
        return event_of(UserRemovedV1(client_id=of, **SCOPE, **who, state="removed"), version)

    expired = InvitationChangedV1(
        client_id=client_id, **SCOPE, user_id=user_id, invitation_id=uuid4(), generation=1, mailing=1, kid="k",
        name="Lisa Hemlig", email="lisa@b.se", locale="sv", invited_by=Person(sub="karin", name="Karin"),
        expires_at=HANDLED_AT, state="expired",
    )  # fmt: skip
    await running.hear(listed(client_id), listed(other))
    await running.hear(over(client_id, 2), over(other, 2), event_of(expired, 3))
    body = {"kinds": {"licences_low": False}}
    await running.http.put("/v1/notifications/preferences", headers=running.token("lisa"), json=body)
    assert len(await items(running, "lisa")) == 2
    await running.hear(removed(client_id, 4))
    assert [each["client_id"] for each in await items(running, "lisa")] == [str(other)]
    assert len(await running.rows("select from muted_kinds")) == 1
    assert "Lisa Hemlig" not in str(await running.rows("select * from bells"))
    await running.hear(removed(other, 3))
    assert await items(running, "lisa") == []
    assert await running.rows("select from muted_kinds") == []


async def test_an_erased_client_s_bells_name_nobody(running: Running) -> None:
    client_id = uuid4()
    await running.hear(
        listed(client_id),
        reminder(client_id),
        activated(client_id, Person(sub="erik", name="Erik Hemlig")).model_copy(update={"sequence": "3"}),
    )
    await running.hear(erased(client_id))
    assert {each["text"] for each in await items(running)} == {"En raderad klient: aktiverad av någon 2 mars 10:42"}
    await running.hear(reminder(client_id, 4))
    assert len(await items(running)) == 2
    stored = str(await running.rows("select * from bells"))
    assert "Exempelbolaget" not in stored
    assert "Hemlig" not in stored
