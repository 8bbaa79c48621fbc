"""Invitations, reminders, licences, hand-overs and disconnections are mailed once, to whom they concern."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.policy import default
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.link_keys import LinkKeys
from schemas.envelope import Envelope
from schemas.users import Invitation
from schemas.values import Person, Recipient, RequestedBy
from services.notifier.settings import NotifierSettings
from tests.integration.notifier.running import Running
from tests.unit.notifier import mail_events as events
from tests.unit.notifier.events import KARIN, activated, cancelled, consultant, event_of, listed

LISA = "lisa@exempelbolaget.se"


async def states(running: Running) -> dict[str, str]:
    """Recipient → state; with a number where there is more than one mail."""
    rows = await running.rows("select recipient, cause_id, state from emails order by id")
    return {f"{row['recipient']} {row['cause_id'].rpartition('/')[2]}": row["state"] for row in rows}


async def delivered(running: Running) -> list[str]:
    async with running.delivering():
        await running.all_settled()
    return running.server.recipients


def links(running: Running) -> LinkKeys:
    settings = running.context.settings
    assert isinstance(settings, NotifierSettings)
    return settings.link_keys


def text_of(content: bytes) -> str:
    body = message_from_bytes(content, policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_an_invitation_brings_its_id_and_the_code_that_activation_expects(running: Running) -> None:
    client, user = uuid4(), uuid4()
    event = events.invited(client, user)
    await running.hear(event)
    assert await delivered(running) == [LISA]
    code = links(running).code("links-1", event.data.invitation_id, 1)
    text = text_of(running.server.accepted[0])
    assert f"Kod: {code}" in text
    assert str(event.data.invitation_id) in text
    assert "Lisa Hemlig" in text


@pytest.mark.parametrize("template", ["invitation", "disconnection"])
async def test_a_code_stands_in_no_table_once_its_mail_has_ended(running: Running, template: str) -> None:
    client, user = uuid4(), uuid4()
    invitation = events.invited(client, user)
    wish = events.disconnection_requested(client, user)
    await running.hear(invitation if template == "invitation" else wish)
    code = (
        links(running).code("links-1", invitation.data.invitation_id, 1)
        if template == "invitation"
        else links(running).code("links-1", wish.data.disconnection_id, user, 1)
    )
    assert code not in str(await running.rows("select * from emails"))
    await delivered(running)
    assert code in text_of(running.server.accepted[0])
    assert (await running.mail())["content"] is None
    assert code not in str(await running.rows("select * from emails"))


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
async def test_an_invitation_that_leads_nowhere_is_not_mailed(running: Running, together: bool) -> None:
    ends: dict[str, Callable[[UUID, UUID], Envelope[Any]]] = {
        "accepted": events.accepted,
        "removed": events.removed,
        "cancelled": lambda client, _: cancelled(client, RequestedBy(kind="user", id="karin", name="Karin")),
        "withdrawn": partial(events.invitation_changed, state="withdrawn"),
        "expired": partial(events.invitation_changed, state="expired"),
        "resent": partial(events.invitation_changed, state="resent", email="resent@exempelbolaget.se"),
        "readdressed": partial(events.invitation_changed, state="readdressed", email="ny@exempelbolaget.se"),
    }
    invitations = {}
    for how, end in ends.items():
        client, user = uuid4(), uuid4()
        first = events.invited(client, user, email=f"{how}-first@exempelbolaget.se")
        invitations[how] = first.data.invitation_id
        for batch in ([first, end(client, user)],) if together else ([first], [end(client, user)]):
            await running.hear(*batch)
    assert sorted(await delivered(running)) == ["ny@exempelbolaget.se", "resent@exempelbolaget.se"]
    texts = "".join(map(text_of, running.server.accepted))
    assert all(links(running).code("links-1", invitations[how], 2) in texts for how in ("resent", "readdressed"))


async def test_a_mail_that_is_overtaken_is_kept_says_why_and_cannot_be_sent_again(running: Running) -> None:
    client, user = uuid4(), uuid4()
    await running.hear(events.invited(client, user), events.invitation_changed(client, user, "withdrawn"))
    mail = await running.mail()
    assert (mail["state"], mail["reason"], mail["superseded_at"] is not None) == ("withheld", "email_superseded", True)
    refused = await running.post(f"/v1/emails/{mail['id']}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "email_superseded")


async def test_an_invitation_that_was_sent_and_used_cannot_be_sent_again(running: Running) -> None:
    client, user = uuid4(), uuid4()
    await running.hear(events.invited(client, user))
    assert await delivered(running) == [LISA]
    await running.hear(events.accepted(client, user))
    mail = await running.mail()
    assert mail["state"] == "sent"
    refused = await running.post(f"/v1/emails/{mail['id']}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "email_superseded")


async def test_a_mail_in_a_worker_s_hands_does_not_go_once_it_is_overtaken(running: Running) -> None:
    client, user = uuid4(), uuid4()
    await running.hear(events.invited(client, user))
    database = running.context.database
    await database.execute(
        "update emails set state = 'sending', attempt = 1, lease_until = now() + interval '1 minute'"
    )
    await running.hear(events.invitation_changed(client, user, "withdrawn"))
    assert (await running.mail())["state"] == "sending"
    await database.execute("update emails set lease_until = now() - interval '1 second'")
    assert await delivered(running) == []
    assert (await running.mail())["reason"] == "email_superseded"


async def test_an_invitation_whose_days_are_over_when_its_turn_comes_is_not_sent(running: Running) -> None:
    await running.hear(events.invited(uuid4(), uuid4(), expires_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert await delivered(running) == []
    assert (await running.mail())["reason"] == "email_superseded"


@pytest.mark.parametrize(
    ("known", "asked", "told"),
    [
        ("karin erik", {"responsible_consultant": "karin", "created_by": Person(sub="erik", name="Erik")}, ["karin"]),
        ("erik maja", {"responsible_consultant": "karin", "created_by": Person(sub="erik", name="Erik")}, ["erik"]),
        ("maja", {"responsible_consultant": "karin"}, ["maja"]),
        ("maja nils", {}, ["maja", "nils"]),
        ("", {"responsible_consultant": "karin"}, []),
    ],
    ids=["the responsible", "else the creator", "else the client managers", "all of them", "else nobody"],
)
async def test_a_reminder_goes_to_one_who_can_be_reached(
    running: Running, known: str, asked: dict[str, Any], told: list[str]
) -> None:
    await running.hear(consultant("anna", "agency_admin"))
    for version, sub in enumerate(known.split(), 2):
        await running.hear(event_of(consultant(sub, "client_manager").data, version))
    await running.hear(events.reminder_due(uuid4(), **asked))
    assert sorted(await delivered(running)) == [f"{sub}@byra-ett.se" for sub in told]


async def test_of_a_client_that_was_handled_nobody_is_reminded_and_a_new_day_replaces_the_old(running: Running) -> None:
    await running.hear(consultant("karin", "client_manager"))
    handled, waits = uuid4(), uuid4()
    await running.hear(events.reminder_due(handled))
    await running.hear(activated(handled))
    await running.hear(events.reminder_due(waits))
    await running.hear(events.reminder_due(waits, 2, date(2026, 3, 10)))
    assert await delivered(running) == ["karin@byra-ett.se"]
    assert "i 8 dagar" in text_of(running.server.accepted[0])


async def test_too_few_licences_are_told_to_each_administrator_once_a_grace(running: Running) -> None:
    await running.hear(consultant("karin", "client_manager"))
    own = Recipient(sub="lisa", name="Lisa Hemlig", email=LISA, locale="en")
    told = (own, Recipient(sub="karin", name="Karin"), Recipient(sub="nobody", name="Nobody"))
    client = uuid4()
    await running.hear(events.over_assigned(client, *told))
    await running.hear(events.over_assigned(client, *told, version=2))
    assert sorted(await delivered(running)) == ["karin@byra-ett.se", LISA]
    await running.hear(events.over_assigned(client, own, version=3, grace=datetime(2098, 1, 1, tzinfo=UTC)))
    await running.hear(events.licences_changed(client, 2, 4))
    assert len(await delivered(running)) == 2


@pytest.mark.parametrize("email", ["karin.ek@byra-ett.se", None], ids=["with an address", "known with the agency"])
async def test_whoever_takes_over_is_told(running: Running, email: str | None) -> None:
    await running.hear(consultant("karin", "client_manager"))
    await running.hear(events.handed_over(uuid4(), Recipient(sub="karin", name="Karin", email=email)))
    assert await delivered(running) == [email or "karin@byra-ett.se"]
    assert "Erik Hemlig har lämnat över" in text_of(running.server.accepted[0])


async def test_each_administrator_is_asked_about_a_disconnection_with_a_code_of_their_own(running: Running) -> None:
    client, one, other = uuid4(), uuid4(), uuid4()
    await running.hear(events.disconnection_requested(client, one, other))
    assert len(set(await delivered(running))) == 2
    codes = {text_of(each).partition("Kod: ")[2].split()[0] for each in running.server.accepted}
    wish = UUID(int=client.int ^ 2)
    assert codes == {links(running).code("links-1", wish, each, 1) for each in (one, other)}


async def test_nobody_is_asked_about_a_disconnection_that_is_settled(running: Running) -> None:
    for how in ("approved", "withdrawn", "expired"):
        client = uuid4()
        await running.hear(events.disconnection_requested(client, uuid4()))
        await running.hear(events.disconnection_settled(client, how))
    assert await delivered(running) == []


def _open(client: UUID, user: UUID) -> Invitation:
    return Invitation.model_validate(events.invited(client, user).data.model_dump())


async def test_after_a_snapshot_what_was_lost_is_mailed_and_nothing_twice(running: Running) -> None:
    client, known, lost, admin = uuid4(), uuid4(), uuid4(), uuid4()
    await running.hear(listed(client), events.invited(client, known, 2))
    assert len(await delivered(running)) == 2
    state: dict[str, Any] = {
        "invitations": [
            _open(client, known),
            _open(client, lost).model_copy(update={"email": "lost@exempelbolaget.se"}),
        ],
        "disconnection": events.wish(client, admin),
    }
    await running.hear(events.snapshot(client, **state))
    again = await delivered(running)
    assert set(again[2:]) == {"lost@exempelbolaget.se", f"{admin.hex[:8]}@exempelbolaget.se"}
    await running.hear(events.snapshot(client, 10, **state))
    assert len(await delivered(running)) == 4


async def test_a_snapshot_calls_back_what_is_open_no_more(running: Running) -> None:
    client, user = uuid4(), uuid4()
    await running.hear(consultant("karin", "client_manager"))
    await running.hear(events.invited(client, user), events.disconnection_requested(client, user, version=2))
    await running.hear(events.reminder_due(client, 3))
    await running.hear(events.snapshot(client, activated_by=KARIN))
    assert set((await states(running)).values()) == {"withheld"}


async def test_an_erased_client_s_people_are_mailed_nothing(running: Running) -> None:
    client, user = uuid4(), uuid4()
    await running.hear(events.invited(client, user), events.disconnection_requested(client, user, version=2))
    await running.context.database.execute("insert into erased_clients values ($1, now())", client)
    await running.hear(events.invitation_changed(client, user, "resent", 3))
    assert len(await running.rows("select from emails")) == 2
