"""An erased client leaves no name and no address in mails and bells, whenever the notifier hears of it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.jobs import run_job
from schemas.client import ClientErasedV1, ClientSnapshotV1
from schemas.envelope import Envelope
from schemas.values import Access, Person
from services.notifier.__main__ import SERVICE
from tests.integration.notifier.running import Running
from tests.integration.notifier.stored import found
from tests.unit.notifier.events import LISTED_AT, activated, event_of, listed

SECRETS = ("Exempelbolaget", "exempelbolaget.se", "Erik Hemlig")


def erased(client_id: UUID, version: int = 1) -> Envelope[Any]:
    return event_of(ClientErasedV1(client_id=client_id, agency="byra-ett"), version)


async def left(running: Running) -> set[tuple[str, str]]:
    """(table, secret) of whatever still stands anywhere."""
    return await found(running, *SECRETS)


async def test_of_a_mail_that_went_out_the_fact_stays_and_not_who_got_it(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.hear(activated(client_id, Person(sub="erik", name="Erik Hemlig")))
    async with running.delivering():
        mail = await running.mail_is("sent")
    resent = await running.post(f"/v1/emails/{mail['id']}/resend")
    assert resent.status_code == 202, resent.text
    async with running.delivering():
        await running.all_settled()
    assert {table for table, _ in await left(running)} >= {"emails", "bells"}

    await running.hear(erased(client_id))

    assert await left(running) == set()
    rows = await running.rows("select state, content, client_id from emails")
    assert [(row["state"], row["content"], row["client_id"]) for row in rows] == [("sent", None, client_id)] * 2
    (item,) = (await running.get("/v1/notifications"))["items"]
    assert item["text"].startswith("En raderad klient: aktiverad av ")
    for row in (await running.get("/v1/emails"))["items"]:
        assert (row["client_name"], row["recipient"]) == ("", f"erased/{row['id']}")
        again = await running.post(f"/v1/emails/{row['id']}/resend")
        assert (again.status_code, again.json()["code"]) == (409, "email_not_resendable")


async def test_a_mail_that_waits_is_never_sent(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.hear(erased(client_id))
    mail = await running.mail()
    assert (mail["state"], mail["reason"]) == ("failed", "client_erased")
    assert await left(running) == set()


async def test_a_mail_in_somebody_s_hands_is_blanked_when_it_has_come_to_an_end(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    take = """update emails set state = 'transmitting', content = 'Exempelbolaget',
                     lease_until = now() + interval '1 minute'"""
    await running.context.database.execute(take)
    await running.hear(erased(client_id))
    assert ("emails", "Exempelbolaget") in await left(running)
    (job,) = [each for each in SERVICE.jobs(running.context.settings) if each.name == "blank-erased"]
    assert await run_job(running.context.database, job) == 0
    await running.context.database.execute("update emails set state = 'sent', lease_until = null, settled_at = now()")
    assert await run_job(running.context.database, job) == 1
    assert await left(running) == set()
    assert (await running.mail())["state"] == "sent"


async def test_what_is_heard_late_of_an_erased_client_is_told_to_nobody(running: Running) -> None:
    client_id = uuid4()
    await running.hear(erased(client_id))
    await running.hear(listed(client_id))
    await running.hear(activated(client_id, Person(sub="erik", name="Erik Hemlig")))
    assert await left(running) == set()
    assert await running.rows("select from emails") == []


@pytest.mark.parametrize(("status", "remains"), [("erased", False), ("active", True)])
async def test_a_snapshot_says_it_to_one_who_has_missed_it(running: Running, status: str, remains: bool) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    snapshot = ClientSnapshotV1(
        client_id=client_id,
        agency="byra-ett",
        name="",
        identity_kind="sole_trader",
        protected_identity=False,
        origin="api",
        test=False,
        access=Access(program_access=False, invoice_recipient="agency", invoice_interval="year"),
        counts={},
        confirmation_email="",
        locale="sv",
        created_at=LISTED_AT,
        status=status,
    )
    await running.hear(event_of(snapshot, 7))
    assert bool(await left(running)) is remains


async def test_an_erasure_that_comes_twice_changes_nothing(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.hear(erased(client_id), erased(client_id, 2))
    before = await running.rows("select * from erased_clients")
    await running.hear(erased(client_id, 3))
    assert await running.rows("select * from erased_clients") == before
