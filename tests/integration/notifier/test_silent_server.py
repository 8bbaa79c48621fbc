"""A mail server that takes our sender and then says nothing: to one mail it is the mail's, to several the server's."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.notifier.domain.circuit import SILENT_IN_A_ROW
from services.notifier.store import circuits
from tests.eventually import eventually
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_circuit import hear_some, patient
from tests.unit.notifier.events import listed

MAILS = 12


@pytest.mark.parametrize("place", ["rcpt", "start"])
async def test_a_server_that_is_silent_to_every_mail_opens_the_circuit(running: Running, place: str) -> None:
    """Would break: each mail of a queue waits out its deadline, one after the other."""
    setattr(running.server, place, ["wait"] * 100)
    await hear_some(running, MAILS)
    changes = {f"smtp_{place}_timeout_seconds": 0.1, "mail_workers": 1}
    settings = patient(running).settings.model_copy(update=changes)
    async with running.delivering(replace(running.context, settings=settings)):
        await eventually(lambda: _is_open(running), within=10)
    assert running.server.senders == SILENT_IN_A_ROW
    counted = await running.rows("select state from emails where attempt > uncounted")
    assert counted == [{"state": "retry"}] * (SILENT_IN_A_ROW - 1), "what opened the circuit is no attempt at that mail"


async def test_once_it_speaks_all_go_on(running: Running) -> None:
    running.server.rcpt = ["wait"] * (SILENT_IN_A_ROW + 1)
    await hear_some(running, MAILS)
    settings = running.context.settings.model_copy(update={"smtp_rcpt_timeout_seconds": 0.1, "mail_workers": 1})
    async with running.delivering(replace(running.context, settings=settings)):
        await running.all_settled()
    assert len(running.server.accepted) == MAILS
    (circuit,) = await circuits.every(running.context.database)
    assert circuit.state == "closed"


async def test_silence_to_one_mail_stops_no_other(running: Running) -> None:
    running.server.rcpt = ["wait"] * 6
    await running.hear(listed(uuid4()))
    settings = running.context.settings.model_copy(update={"smtp_rcpt_timeout_seconds": 0.5})
    async with running.delivering(replace(running.context, settings=settings)):
        mail = await running.mail_is("sent")
    assert mail["attempt"] == 7
    assert await circuits.every(running.context.database) == []


async def _is_open(running: Running) -> bool:
    found = [(each.state, each.trouble, each.smtp_code) for each in await circuits.every(running.context.database)]
    assert found == [("open", "unreachable", None)]
    return True
