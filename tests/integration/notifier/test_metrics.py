"""The notifier's metrics say how many mails are in which state, since when, and what was said of mails and bells."""

from datetime import timedelta
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from chassis import metrics
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed


async def scraped(running: Running) -> dict[tuple[str, ...], float]:
    """Name and label values → value."""
    text = (await running.http.get("/metrics")).text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_mails_are_counted_by_state_and_template_with_the_age_of_the_oldest(running: Running) -> None:
    for _ in range(4):
        await running.hear(listed(uuid4()))
    now = running.context.database.clock()
    ids = [row["id"] for row in await running.rows("select id from emails order by id")]
    for id_, state, hours in zip(ids, ("pending", "unknown", "failed", "sent"), (2, 3, 1, 9), strict=True):
        at = now - timedelta(hours=hours)
        settled = None if state == "pending" else at
        await running.context.database.execute(
            "update emails set state = $2, created_at = $3, settled_at = $4 where id = $1", id_, state, at, settled
        )
    found = await scraped(running)
    counts = {
        state: found["aktivera_mails", state, "confirmation"] for state in ("pending", "retry", "unknown", "failed")
    }
    assert counts == {"pending": 1, "retry": 0, "unknown": 1, "failed": 1}
    ages = {state: found["aktivera_mail_age_seconds", state] for state in ("pending", "retry", "unknown", "failed")}
    assert {state: round(age / 3600) for state, age in ages.items()} == {
        "pending": 2, "retry": 0, "unknown": 3, "failed": 1
    }  # fmt: skip
    assert found["aktivera_mails_held",] == 0
    assert "sent" not in {key[1] for key in found if key[0] == "aktivera_mails"}


async def test_an_unknown_mail_that_was_sent_again_counts_no_more(running: Running) -> None:
    running.server.data = ["drop"]
    await running.hear(listed(uuid4()))
    async with running.delivering():
        mail = await running.mail_is("unknown")
    assert (await scraped(running))["aktivera_mails", "unknown", "confirmation"] == 1
    answer = await running.post(f"/v1/emails/{mail['id']}/resend", json={"recipient": "bo@annat.se"})
    assert answer.status_code == 202
    found = await scraped(running)
    assert found["aktivera_mails", "unknown", "confirmation"] == 0
    assert found["aktivera_mails", "pending", "confirmation"] == 1


async def test_what_was_said_is_counted_by_template_and_kind_once_it_is_committed(running: Running) -> None:
    def said(type_: str, of: str) -> float:
        return metrics.REGISTRY.get_sample_value("aktivera_said_events_total", {"type": type_, "of": of}) or 0

    sent, raised = said("email.sent", "confirmation"), said("notification.raised", "client_listed")
    await running.hear(listed(uuid4()))
    assert said("notification.raised", "client_listed") == raised + 1
    async with running.delivering():
        await running.mail_is("sent")
    assert said("email.sent", "confirmation") == sent + 1


async def test_what_was_undone_is_not_counted(running: Running) -> None:
    before = metrics.REGISTRY.get_sample_value(
        "aktivera_said_events_total", {"type": "notification.raised", "of": "client_listed"}
    )
    event = listed(uuid4())
    await running.hear(event)
    await running.hear(event)
    after = metrics.REGISTRY.get_sample_value(
        "aktivera_said_events_total", {"type": "notification.raised", "of": "client_listed"}
    )
    assert after == (before or 0) + 1
