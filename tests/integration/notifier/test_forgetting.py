"""Whoever is erased, removed or has left stands in no table: not in mails, bells, answers or what was held."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from chassis import held_events
from chassis.jobs import run_job
from schemas.agency import ConsultantRemovedV1
from schemas.envelope import Envelope
from schemas.notification import EmailFailedV1
from schemas.values import Person, Recipient, UserContact
from services.notifier.__main__ import SERVICE
from tests.integration.notifier.running import Running
from tests.integration.notifier.stored import found
from tests.integration.notifier.test_bell_people import outcome
from tests.integration.notifier.test_erasure import erased
from tests.integration.notifier.test_renewal import updated
from tests.unit.notifier import mail_events as events
from tests.unit.notifier.events import activated, consultant, event_of, listed

LISA = Recipient(sub="lisa", name="Lisa Hemlig", email="lisa@exempelbolaget.se", locale="sv")
ERIK = Person(sub="erik", name="Erik Hemlig")
ADDRESS = "erik.hemlig@byra-ett.se"
OF_CLIENT = ("Exempelbolaget", "exempelbolaget.se", "Nya Bolaget", "nyabolaget.se", "vald@", "Hemlig")
OF_LISA = ("Lisa Hemlig", "lisa@")
OF_ERIK = (ERIK.name, ADDRESS)


async def blanked(running: Running) -> None:
    """As the job does every minute."""
    (job,) = [each for each in SERVICE.jobs(running.context.settings) if each.name == "blank-erased"]
    await run_job(running.context.database, job)


async def delivered(running: Running) -> None:
    async with running.delivering():
        await running.all_settled()


async def put_off(running: Running) -> None:
    """Every mail that waits has been offered, and waits with its content."""
    running.server.data = ["450 later"] * 20
    once = running.context.settings.model_copy(update={"mail_retry_delays_seconds": (1000.0,)})
    async with running.delivering(replace(running.context, settings=once)):
        await running.mails_are("retry")
    running.server.data = []
    waiting = "update emails set due_at = now() where state = 'retry' returning content is not null as with_content"
    found = {row["with_content"] for row in await running.rows(waiting)}
    assert found == {True}


async def held(running: Running, event: Envelope[Any]) -> int:
    """The id of an event that is held, since the one before it is missing."""
    held_now = await running.hear(event)
    async with running.context.database.unit_of_work() as uow:
        await held_events.hold(uow, running.context.seal, held_now.holds)
    rows = await running.rows("select id from held_events where settled_at is null order by id desc")
    return int(rows[0]["id"])


async def discarded(running: Running, held_id: int) -> None:
    async with running.context.database.unit_of_work() as uow:
        await held_events.settle(uow, held_id, "discarded", "op", "a try")


async def a_whole_life(running: Running, client: UUID) -> None:
    """Each kind of mail and most kinds of bell; mails that are sent, refused, unknown, put off and waiting."""
    lisa = uuid4()
    await running.hear(consultant("karin", "client_manager"))
    await running.hear(listed(client))
    await running.hear(
        events.invited(client, lisa, 2),
        events.over_assigned(client, LISA, version=3),
        events.disconnection_requested(client, lisa, version=4),
    )
    running.server.data = ["550 5.1.1 no", "drop"]
    await delivered(running)
    (confirmation,) = await running.rows("select * from emails where template = 'confirmation'")
    await running.hear(outcome(EmailFailedV1, confirmation))
    again = await running.http.post(
        f"/v1/emails/{confirmation['id']}/resend",
        json={"recipient": "vald@exempelbolaget.se"},
        headers=running.token() | {"Idempotency-Key": "again"},
    )
    assert again.status_code == 202, again.text
    await running.hear(events.handed_over(client, LISA, version=5), events.reminder_due(client, 6))
    await put_off(running)
    await running.hear(events.invitation_changed(client, lisa, "expired", 7))
    await running.hear(events.invited(client, uuid4(), 8, invited_by=ERIK))


async def test_an_erased_client_stands_in_no_table(running: Running) -> None:
    """Would fail if one place were forgotten: a body, an answer that was kept, what was held, the name it has now."""
    client = uuid4()
    await a_whole_life(running, client)
    await running.hear(activated(client, ERIK).model_copy(update={"sequence": "9"}))
    await running.hear(updated(client))
    await discarded(running, await held(running, events.invited(client, uuid4(), 20)))
    waits = await held(running, events.invited(client, uuid4(), 21))
    before = await found(running, *OF_CLIENT)
    assert {table for table, _ in before} == {"emails", "bells", "renewed_clients", "held_events"}

    await running.hear(erased(client, 2))

    assert {table for table, _ in await found(running, *OF_CLIENT)} == {"held_events"}  # one keeps its key's order
    await discarded(running, waits)
    await blanked(running)
    assert await found(running, *OF_CLIENT) == set()
    await running.hear(updated(client, 3))
    await running.hear(events.handed_over(client, LISA, version=10))
    assert await found(running, *OF_CLIENT) == set()


async def test_a_user_who_was_removed_stands_in_no_table(running: Running) -> None:
    """Mails to them, mails of theirs to others, and bells about them, whatever state each is in."""
    client, lisa, other = uuid4(), uuid4(), uuid4()
    by_lisa = Person(sub="lisa", name="Lisa Hemlig")
    await running.hear(listed(client), events.invited(client, lisa, 2))
    await running.hear(events.invitation_changed(client, lisa, "expired", 3))
    await running.hear(
        events.accepted(client, lisa, 4), activated(client, by_lisa).model_copy(update={"sequence": "5"})
    )
    olle = UserContact(user_id=other, name="Olle", email="olle@example.se", locale="sv")
    wish = events.disconnection_requested(client, version=6, by=by_lisa, administrators=[olle])
    await running.hear(wish, events.over_assigned(client, LISA, version=7))
    await delivered(running)
    (told,) = await running.rows("select id from emails where template = 'over_assigned'")
    order = {"reason": "Lisa Hemlig has not got it", "dry_run": False}
    headers = running.token("op", roles=["operator"])
    again = await running.http.post(f"/v1/operations/emails/{told['id']}/retry", json=order, headers=headers)
    assert again.status_code == 200, again.text
    more = {"email": "olle@example.se", "name": "Olle", "invited_by": by_lisa}
    await running.hear(events.invited(client, other, 8, **more))
    await put_off(running)
    await running.hear(events.invited(client, uuid4(), 9, **more | {"email": "maja@example.se"}))
    assert {table for table, _ in await found(running, *OF_LISA)} == {"emails", "bells"}

    await running.hear(events.removed(client, lisa, 10, sub="lisa"))

    assert await found(running, "lisa@") == set()
    await delivered(running)
    await blanked(running)
    assert await found(running, *OF_LISA) == set()
    texts = b"".join(running.server.accepted[-2:]).decode()
    assert texts.count("Lisa Hemlig har bjudit in dig") < texts.count("har bjudit in dig")  # the one that was not made


async def test_a_consultant_who_has_left_stands_in_no_table(running: Running) -> None:
    """Also where what they did before is heard of after they left: topics wait for each other no more than that."""
    erik = consultant("erik", "client_manager").data.model_copy(update={"name": ERIK.name, "email": ADDRESS})
    await running.hear(event_of(erik), consultant("karin", "client_manager").model_copy(update={"sequence": "2"}))
    karin = Recipient(sub="karin", name="Karin", email="karin@byra-ett.se")
    himself = Recipient(sub="erik", name="Erik Hemlig", email=ADDRESS)

    def all_of_it(client: UUID) -> list[Envelope[Any]]:
        return [
            listed(client, created_by=ERIK),
            events.reminder_due(client, 2, created_by=ERIK),
            events.invited(client, uuid4(), 3, email="lisa@example.se", invited_by=ERIK),
            events.over_assigned(client, himself, version=4),
            events.handed_over(client, karin, version=5),
            events.reassigned(client, "karin", ERIK, version=6),
            activated(client, ERIK).model_copy(update={"sequence": "7"}),
        ]

    await running.hear(*all_of_it(uuid4()))
    await delivered(running)
    await running.hear(*all_of_it(uuid4())[:-1])
    await put_off(running)
    await running.hear(*all_of_it(uuid4())[:-1])
    assert {table for table, _ in await found(running, *OF_ERIK)} == {"emails", "bells", "consultants"}

    await running.hear(event_of(ConsultantRemovedV1(agency="byra-ett", sub="erik"), 3))

    assert await found(running, ADDRESS) == set()
    await running.hear(*all_of_it(uuid4()))
    assert await found(running, ADDRESS) == set()
    await delivered(running)
    await blanked(running)
    assert await found(running, *OF_ERIK) == set()
    assert ADDRESS not in running.server.recipients[-4:]
