"""Readers take snapshots: gaps and conflicts heal, what was asked is still heard, nobody is mailed twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.clock import system_clock
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.agency import AgencyChangedV1, AgencySnapshotV1, ConsultantData
from schemas.client import ClientCancellationRequestedV1, ClientSnapshotV1, ClientUpdatedV1
from schemas.envelope import Envelope
from schemas.notification import EmailSentV1
from schemas.values import RequestedBy
from tests.integration.announce.town import Resident
from tests.unit.activation.events import CLIENT, client, created, envelope
from tests.unit.notifier.events import event_of, listed


def snapshot(version: int, status: str = "submitted", **changes: Any) -> Envelope[ClientSnapshotV1]:
    return envelope(ClientSnapshotV1.model_validate({**client(**changes), "status": status}), version)


def cancellation(version: int) -> Envelope[ClientCancellationRequestedV1]:
    by = RequestedBy(kind="user", id="karin", name="Karin")
    data = ClientCancellationRequestedV1(client_id=CLIENT, request_id=uuid4(), requested_by=by, reason="mistake")
    return envelope(data, version)


def updated(version: int, name: str) -> Envelope[ClientUpdatedV1]:
    return envelope(ClientUpdatedV1.model_validate(client(name=name)), version)


def announced(client_id: UUID, version: int = 1, **changes: Any) -> Envelope[ActivationSnapshotV1]:
    now = system_clock()
    data: dict[str, Any] = {
        **listed(client_id).data.model_dump(),
        "status": "pending",
        "created_at": now,
        "listed_at": now,
        "consultants": [],
        "licences": [],
        "scheduled": [],
        "users": [],
        "invitations": [],
        "access_version": 0,
    }
    return event_of(ActivationSnapshotV1.model_validate({**data, **changes}), version)


async def names(activation: Resident) -> list[tuple[str, str]]:
    return [(row["client_name"], row["status"]) for row in await activation.rows("select * from activations")]


async def mails_and_rings(notifier: Resident) -> tuple[int, int]:
    mails = await notifier.rows("select 1 from emails")
    return len(mails), len(await notifier.rows("select 1 from notifications"))


async def test_a_snapshot_past_a_gap_settles_what_it_tells_and_what_follows_goes_on(activation: Resident) -> None:
    await activation.handle(updated(2, "Old AB"), updated(3, "Older AB"))
    assert await activation.held() == [("version_gap", None), ("follows_held", None)]
    await activation.handle(snapshot(3, name="New AB"), updated(4, "Newest AB"))
    await activation.retry()
    assert await activation.held() == [("version_gap", "repeated"), ("follows_held", "repeated")]
    assert await names(activation) == [("Newest AB", "pending")]


async def test_what_was_asked_is_heard_although_a_snapshot_came_first(activation: Resident) -> None:
    await activation.handle(cancellation(2))
    await activation.handle(snapshot(2))
    await activation.retry()
    assert await names(activation) == [("Exempelbolaget AB", "cancelled")]
    assert await activation.held() == [("version_gap", "retried")]


async def test_the_event_of_a_snapshots_version_is_no_conflict_with_it(activation: Resident) -> None:
    await activation.handle(snapshot(1))
    await activation.handle(created())
    assert await activation.held() == []
    assert len(await activation.said(key=CLIENT)) == 1


async def test_a_conflict_ends_with_a_snapshot_of_a_raised_version(activation: Resident) -> None:
    await activation.handle(created(), created())
    assert await activation.held() == [("version_conflict", None)]
    await activation.handle(snapshot(1_000_001, name="Restored AB"))
    await activation.retry()
    assert (await names(activation), await activation.held()) == (
        [("Restored AB", "pending")],
        [("version_conflict", "repeated")],
    )


@pytest.mark.parametrize("status", ["cancelled", "disconnected", "erased"])
async def test_a_client_that_is_gone_and_was_never_heard_of_is_passed_over(activation: Resident, status: str) -> None:
    await activation.handle(snapshot(4, status))
    assert (await names(activation), await activation.held()) == ([], [])


async def test_a_rebuilt_projection_is_as_it_was(activation: Resident, notifier: Resident) -> None:
    consultants = [ConsultantData(sub="karin", name="Karin", email="k@byra.se", locale="sv", roles=["client_manager"])]
    told: dict[str, Any] = {"agency": "byra-ett", "name": "Byrå Ett", "locale": "sv", "client_visibility": "all"}
    for reader in (activation, notifier):
        await reader.handle(event_of(AgencySnapshotV1(**told, consultants=consultants), 7))
        before = await reader.rows("select * from consultants")
        forgotten = await reader.order("projections/agencies/forget", ids="all", dry_run=False)
        assert (forgotten["forgotten"], await reader.rows("select * from consultants")) == (1, [])
        await reader.handle(event_of(AgencyChangedV1(**told), 8))  # comes before the announcement: held
        assert await reader.held() == [("version_gap", None)]
        await reader.handle(event_of(AgencySnapshotV1(**told, consultants=consultants), 8))
        await reader.retry()
        assert (await reader.rows("select * from consultants"), await reader.held()) == (
            before,
            [("version_gap", "repeated")],
        )


async def test_a_client_never_heard_of_gets_its_mail_and_its_bell_once(notifier: Resident) -> None:
    client_id = uuid4()
    await notifier.handle(announced(client_id))
    assert await mails_and_rings(notifier) == (1, 1)
    await notifier.handle(listed(client_id), announced(client_id), announced(client_id, 2))
    assert (await mails_and_rings(notifier), await notifier.held()) == ((1, 1), [])


async def test_a_client_whose_listing_was_heard_gets_nothing_by_a_snapshot(notifier: Resident) -> None:
    client_id = uuid4()
    await notifier.handle(listed(client_id))
    now = system_clock()
    await notifier.handle(announced(client_id, 5, status="cancelled", cancelled_at=now))
    assert await mails_and_rings(notifier) == (1, 1)
    assert [row["handled_how"] for row in await notifier.rows("select handled_how from bells")] == ["cancelled"]
    await notifier.handle(announced(client_id, 6))  # the owner was set back
    assert [row["handled_how"] for row in await notifier.rows("select handled_how from bells")] == [None]


@pytest.mark.parametrize(
    "old",
    [
        {"listed_at": system_clock() - timedelta(days=31)},
        {"status": "cancelled", "cancelled_at": system_clock()},
        {"client_name": "", "confirmation_email": ""},
    ],
)
async def test_old_facts_are_noted_and_tell_nobody(notifier: Resident, old: dict[str, Any]) -> None:
    await notifier.handle(announced(uuid4(), 3, **old))
    assert (await mails_and_rings(notifier), len(await notifier.rows("select 1 from bells"))) == ((0, 0), 1)


def sent(client_id: UUID) -> Envelope[EmailSentV1]:
    event = event_of(
        EmailSentV1(
            client_id=client_id,
            agency="byra-ett",
            email_id=uuid4(),
            template="confirmation",
            cause_id=str(client_id),
            attempts=1,
            at=system_clock(),
        )
    )
    return event.model_copy(update={"sequence": None})


@pytest.mark.parametrize("first", ["listing", "outcome"])
async def test_a_mail_that_the_topic_remembers_is_not_sent_again(notifier: Resident, first: str) -> None:
    client_id = uuid4()
    heard = [listed(client_id), sent(client_id)]
    for event in heard if first == "listing" else reversed(heard):
        await notifier.handle(event)
    assert [row["state"] for row in await notifier.rows("select state from emails")] == ["sent"]


async def test_held_mails_are_listed_and_go_out_when_released(notifier: Resident) -> None:
    from services.notifier.store import deliveries

    await notifier.order("mail/hold", why="restored", dry_run=False)
    for _ in range(2):
        await notifier.handle(listed(uuid4()))
    database = notifier.context.database
    assert await deliveries.claim(database, system_clock(), 10, 60, uuid4()) == []
    headers = notifier.token("op", roles=["operator"])
    shown = (await notifier.http.get("/v1/operations/mail", headers=headers)).json()
    assert (shown["mails"]["held"], shown["mails"]["would_send"]) == (True, 2)
    assert "anna@" not in str(shown)
    await notifier.order("mail/release", but=[shown["items"][0]["id"]], dry_run=False)
    assert len(await deliveries.claim(database, system_clock(), 10, 60, uuid4())) == 1
    states = await notifier.rows("select state from emails order by state")
    assert [row["state"] for row in states] == ["sending", "unknown"]
