"""A mail that cannot be made, by whatever bug of ours, is seen by operators at once, and has an end that is told."""

from dataclasses import replace
from uuid import uuid4

import pytest

from chassis.service import Context
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_metrics import scraped
from tests.unit.notifier.events import listed

BUGS = pytest.mark.parametrize("facts", ["{}", '{"counts": [1]}'], ids=["a fact that is missing", "any other"])


async def wrong(running: Running, facts: str) -> None:
    """Of two mails one cannot be made."""
    await running.hear(listed(uuid4()))
    await running.context.database.execute("update emails set facts = $1", facts)
    await running.hear(listed(uuid4(), confirmation_email="bo@exempelbolaget.se"))


def late(running: Running) -> Context:
    """Tries a mail once, and again only much later."""
    settings = running.context.settings.model_copy(update={"mail_retry_delays_seconds": (1000.0,)})
    return replace(running.context, settings=settings)


@BUGS
async def test_a_mail_that_cannot_be_made_is_tried_again_and_stops_no_other(running: Running, facts: str) -> None:
    await wrong(running, facts)
    async with running.delivering(late(running)):
        await eventually(lambda: _states(running, {"anna": "retry", "bo": "sent"}), within=10)
    (mail,) = await running.rows("select * from emails where state = 'retry'")
    assert (mail["reason"], mail["uncounted"]) == ("internal_error", 0)
    await running.context.database.execute(
        "update emails set facts = (select facts from emails where state = 'sent'), due_at = now()"
    )
    async with running.delivering():
        await eventually(lambda: _states(running, {"anna": "sent", "bo": "sent"}), within=10)


@BUGS
async def test_a_mail_that_can_never_be_made_fails_once_patience_is_over(running: Running, facts: str) -> None:
    """Would break: a mail that is tried every five minutes for ever, of which nobody hears."""
    await wrong(running, facts)
    impatient = running.context.settings.model_copy(update={"mail_give_up_days": 1e-6})
    async with running.delivering(replace(running.context, settings=impatient)):
        await eventually(lambda: _states(running, {"anna": "failed", "bo": "sent"}), within=10)
    (failed,) = [event for event in await running.said() if event["type"] == "se.aktivera.email.failed.v1"]
    (mail,) = await running.rows("select * from emails where state = 'failed'")
    assert (failed["data"]["email_id"], mail["reason"]) == (str(mail["id"]), "internal_error")
    assert mail["attempt"] > 1


async def test_operators_see_how_many_cannot_be_made_while_they_wait(running: Running) -> None:
    await wrong(running, "{}")
    async with running.delivering(late(running)):
        await eventually(lambda: _states(running, {"anna": "retry", "bo": "sent"}), within=10)
    answer = await running.http.get("/v1/operations/mail", headers=running.token("op", roles=["operator"]))
    mails = answer.json()["mails"]
    assert (mails["unmade"], mails["would_send"]) == (1, 1)
    assert mails["unmade_since"] is not None
    found = await scraped(running)
    assert (found["aktivera_mails_unmade", "confirmation"], found["aktivera_mails_unmade", "reminder"]) == (1, 0)
    await running.context.database.execute("update emails set reason = 'email_deferred' where state = 'retry'")
    assert (await scraped(running))["aktivera_mails_unmade", "confirmation"] == 0


async def _states(running: Running, wanted: dict[str, str]) -> bool:
    rows = await running.rows("select recipient, state from emails")
    return {row["recipient"].partition("@")[0]: row["state"] for row in rows} == wanted
