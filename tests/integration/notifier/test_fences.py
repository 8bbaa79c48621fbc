"""PROMISE: a mail is one worker's at a time; a lease that runs, a closed gate and a later attempt are respected."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from services.notifier.domain.mail import FINAL, JUMPS, LEASED, Accepted, MailState, Retries, settle
from services.notifier.leases import sweep
from services.notifier.store import deliveries
from services.notifier.store.deliveries import Claimed
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed


async def claimed(running: Running) -> list[Claimed]:
    database = running.context.database
    return await deliveries.claim(database, database.clock(), 9, 60, uuid4())


async def may_send(running: Running, mail: Claimed) -> bool:
    async with running.context.database.unit_of_work() as uow:
        return mail.id in await deliveries.transmit(uow.connection, [(mail, b"content")], 60)


async def expire(running: Running) -> None:
    await running.context.database.execute("update emails set lease_until = clock_timestamp() - interval '1 s'")
    await sweep(running.context.database)
    await running.context.database.execute("update emails set due_at = created_at, turn = 1")


@pytest.mark.parametrize("state", LEASED)
async def test_a_lease_that_runs_is_not_swept(state: MailState, running: Running) -> None:
    await running.hear(listed(uuid4()))
    (mail,) = await claimed(running)
    if state == "transmitting":
        assert await may_send(running, mail)
    assert await sweep(running.context.database) == 0
    assert (await running.mail())["state"] == state


async def test_no_mail_is_taken_while_mails_are_held(running: Running) -> None:
    await running.hear(listed(uuid4()))
    await running.context.database.execute("update mail_gate set held = true")
    assert await claimed(running) == []
    assert (await running.mail())["state"] == "pending"


@pytest.mark.parametrize(
    "meanwhile",
    ["update mail_gate set held = true", "insert into erased_clients select client_id, now() from emails"],
    ids=["mails are held", "its client is erased"],
)
async def test_a_mail_that_was_taken_before_does_not_go_out_any_more(meanwhile: str, running: Running) -> None:
    await running.hear(listed(uuid4()))
    (mail,) = await claimed(running)
    await running.context.database.execute(meanwhile)
    assert not await may_send(running, mail)
    assert (await running.mail())["state"] == "sending"


async def test_a_content_is_marked_as_going_out_only_once_the_one_before_it_is_stored(running: Running) -> None:
    """Would break: a process that dies in between leaves two mails unknown, one of which nobody was given."""
    running.server.data = ["wait"]
    await running.hear(listed(uuid4()), listed(uuid4()))
    settings = running.context.settings.model_copy(update={"mail_workers": 1})
    async with running.delivering(replace(running.context, settings=settings)):
        first = await eventually(lambda: _going_out(running), within=10)
        async with running.context.database.unit_of_work() as other:
            await other.connection.execute("select from emails where id = $1 for update", first)
            running.server.released.set()
            await eventually(lambda: _offered(running, 2), within=10)
            for _ in range(100):
                assert await _going_out(running) == first
        await running.all_settled()
    assert len(running.server.accepted) == 2


async def _going_out(running: Running) -> UUID:
    rows = await running.rows("select id from emails where state = 'transmitting'")
    assert len(rows) == 1
    found: UUID = rows[0]["id"]
    return found


async def _offered(running: Running, mails: int) -> bool:
    return running.server.senders == mails


async def test_a_worker_whose_mail_another_has_by_now_sends_nothing(running: Running) -> None:
    await running.hear(listed(uuid4()))
    (late,) = await claimed(running)
    await expire(running)
    (now,) = await claimed(running)
    assert (now.id, now.attempt) == (late.id, late.attempt + 1)
    assert not await may_send(running, late)
    assert await may_send(running, now)


@pytest.mark.parametrize("state", JUMPS)
async def test_the_server_s_yes_leads_where_the_rules_say_and_nowhere_else(state: MailState, running: Running) -> None:
    """Would break: the one statement for what went well, where it differs from what `settle` says."""
    await running.hear(listed(uuid4()))
    (mail,) = await claimed(running)
    await running.context.database.execute(
        """update emails set state = $1, reason = 'interrupted', settled_at = case when $1 = any($2) then now() end,
                  worker = null, lease_until = case when $1 = any($3) then now() end""",
        state,
        FINAL,
        LEASED,
    )
    async with running.context.database.unit_of_work() as uow:
        (held,) = (await deliveries.lock(uow, [(mail.id, mail.attempt)])).values()
        accepted = await deliveries.accept(uow, [(mail.id, mail.attempt, 250)])
        if "sent" in JUMPS[state]:
            assert [each.mail for each in accepted] == [settle(held.mail, Accepted(250), uow.now, Retries(), 0)]
        else:
            assert accepted == []


async def test_a_worker_whose_mail_another_has_by_now_settles_nothing(running: Running) -> None:
    await running.hear(listed(uuid4()))
    (late,) = await claimed(running)
    await expire(running)
    (now,) = await claimed(running)
    async with running.context.database.unit_of_work() as uow:
        assert await deliveries.lock(uow, [(late.id, late.attempt)]) == {}
        assert await deliveries.accept(uow, [(late.id, late.attempt, 250)]) == []
        assert list(await deliveries.lock(uow, [(now.id, now.attempt)])) == [now.id]
