"""The chaos mail server knows when a client has gone, whatever it does to it: the checker builds on that."""

import asyncio

import pytest

from chassis.clock import system_clock
from tests.eventually import eventually
from tests.faults.mail.scripts import SCRIPTS, Script
from tests.faults.mail.server import ChaosServer, serving

NAMED = {script.name: script for script in SCRIPTS}


@pytest.mark.parametrize("then", [NAMED["silent at the recipient"], NAMED["always put off"], NAMED["taken"]])
async def test_a_client_that_goes_at_the_next_mail_has_not_shown_that_it_stored_the_one_before(then: Script) -> None:
    scripts = {"a@example.se": NAMED["content refused"], "b@example.se": then}
    server = ChaosServer(scripts, system_clock)
    async with serving(server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        envelope = "MAIL FROM:<x@example.se>\r\nRCPT TO:<{}>\r\nDATA\r\n"
        writer.write(envelope.format("a@example.se").encode())
        writer.write(b"Subject: hej\r\n\r\nhej\r\n.\r\n")
        while not (await reader.readline()).startswith(b"550"):
            pass
        writer.write(envelope.format("b@example.se").encode())

        async def offered() -> bool:
            return bool(server.attempts["b@example.se"])

        await eventually(offered, within=5)
        writer.transport.abort()

        async def noticed() -> bool:
            (attempt,) = server.attempts["a@example.se"]
            return attempt.left

        await eventually(noticed, within=5)

    assert server.broken == []
