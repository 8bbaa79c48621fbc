"""What is said to a mail server over a real socket: TLS and login, or nothing; and several commands at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.service import Context
from services.notifier.domain.circuit import Circuit
from services.notifier.store import circuits
from tests.eventually import eventually
from tests.faults.mail.certificate import certificate
from tests.integration.notifier.mail_server import MailServer, mail_server
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed

NEVER = 1000.0


def against(running: Running, port: int, **changes: object) -> Context:
    """The notifier with one connection to another server, which tries an open circuit only much later."""
    settings = {"smtp_port": port, "mail_workers": 1, "mail_circuit_seconds": NEVER, "mail_server_retry_seconds": NEVER}
    return replace(running.context, settings=running.context.settings.model_copy(update=settings | changes))


async def _opened(running: Running) -> Circuit:
    found = await circuits.every(running.context.database)
    assert [each.state for each in found] == ["open"]
    return found[0]


async def trouble_at(running: Running, context: Context) -> Circuit:
    """The circuit that a mail opened; the mail waits and has lost no attempt."""
    await running.hear(listed(uuid4()))
    async with running.delivering(context):
        circuit = await eventually(lambda: _opened(running), within=20)
        mail = await running.mail_is("retry")
    assert mail["attempt"] == mail["uncounted"]
    return circuit


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
async def test_a_mail_goes_out_encrypted_where_the_certificate_is_trusted(
    implicit: bool, running: Running, tmp_path: Path
) -> None:
    tls = certificate(tmp_path / "mail.pem")
    await running.hear(listed(uuid4()))
    async with mail_server(MailServer(tls=tls, implicit=implicit, pipelines=True)) as server:
        how = {"smtp_tls": "tls" if implicit else "starttls", "smtp_ca_file": tmp_path / "mail.pem"}
        async with running.delivering(against(running, server.port, **how)):
            await running.mail_is("sent")
    assert (len(server.accepted), server.in_the_clear) == (1, 0)


@pytest.mark.parametrize(
    ("implicit", "changes"),
    [
        pytest.param(False, {}, id="starttls, nobody's authority"),
        pytest.param(True, {}, id="tls, nobody's authority"),
        pytest.param(False, {"smtp_host": "localhost", "smtp_ca_file": "mail.pem"}, id="starttls, another's name"),
        pytest.param(True, {"smtp_host": "localhost", "smtp_ca_file": "mail.pem"}, id="tls, another's name"),
    ],
)
async def test_a_certificate_that_is_not_trusted_stops_the_mails_and_is_named(
    implicit: bool, changes: dict[str, str], running: Running, tmp_path: Path
) -> None:
    """Would break: a client that does not look at the certificate, or at whom it is for."""
    tls = certificate(tmp_path / "mail.pem")
    found = {name: tmp_path / value if name == "smtp_ca_file" else value for name, value in changes.items()}
    async with mail_server(MailServer(tls=tls, implicit=implicit)) as server:
        how = {"smtp_tls": "tls" if implicit else "starttls", **found}
        circuit = await trouble_at(running, against(running, server.port, **how))
    assert (circuit.trouble, server.senders, server.offered) == ("tls_refused", 0, [])


async def test_a_server_whose_starttls_is_stripped_gets_no_mail_in_the_clear(running: Running) -> None:
    """Would break: going on without TLS where the offer is missing, which is all that somebody in between must do."""
    async with mail_server() as server:
        circuit = await trouble_at(running, against(running, server.port, smtp_tls="starttls"))
    assert (circuit.trouble, server.senders, server.offered) == ("tls_refused", 0, [])


def _login(running: Running, port: int, pem: Path, password: str) -> Context:
    file = pem.with_name("password")
    file.write_text(password)
    return against(running, port, smtp_tls="starttls", smtp_ca_file=pem, smtp_user="aktivera", smtp_password_file=file)


async def test_a_login_that_is_right_is_let_in(running: Running, tmp_path: Path) -> None:
    pem = tmp_path / "mail.pem"
    await running.hear(listed(uuid4()))
    async with (
        mail_server(MailServer(tls=certificate(pem), login=(b"aktivera", b"right"))) as server,
        running.delivering(_login(running, server.port, pem, "right")),
    ):
        await running.mail_is("sent")


async def test_a_login_that_is_wrong_stops_the_mails_and_is_named(running: Running, tmp_path: Path) -> None:
    pem = tmp_path / "mail.pem"
    async with mail_server(MailServer(tls=certificate(pem), login=(b"aktivera", b"right"))) as server:
        circuit = await trouble_at(running, _login(running, server.port, pem, "wrong"))
    assert (circuit.trouble, circuit.smtp_code, server.senders) == ("login_refused", 535, 0)


@pytest.mark.parametrize("pipelines", [False, True])
async def test_a_refused_recipient_costs_the_next_mail_neither_its_place_nor_its_connection(
    pipelines: bool, running: Running
) -> None:
    """Would break: the answer to one mail's command read as another's."""
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@exempel.se") for number in range(4)))
    server = MailServer(pipelines=pipelines, rcpt=["250 ok", "550 5.1.1 no such user"])
    async with mail_server(server), running.delivering(against(running, server.port)):
        await running.all_settled()
    rows = await running.rows("select recipient, state from emails")
    assert sorted(row["state"] for row in rows) == ["failed", "sent", "sent", "sent"]
    assert sorted(server.recipients) == sorted(row["recipient"] for row in rows if row["state"] == "sent")
    assert server.connections == 1


class Peculiar:
    """A server of raw lines that goes on after a refused recipient, takes leave behind a mail, or greets as it likes.
    `heard`: what came on each connection."""

    def __init__(self, *, refuses: int = 0, leaves: int = 0, greeting: bytes = b"220 peculiar.test") -> None:
        self.heard: list[bytes] = []
        self._greeting = greeting
        self._refuses, self._leaves = refuses, leaves

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._converse, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.heard)
        self.heard.append(b"")
        writer.write(self._greeting + b"\r\n")
        while line := await reader.readline():
            self.heard[number] += line
            verb = line[:4]
            refused = verb == b"RCPT" and self._refuses > 0
            self._refuses -= refused
            said = {b"EHLO": b"250-peculiar\r\n250 PIPELINING", b"DATA": b"354 go on"}.get(verb, b"250 ok")
            writer.write((b"550 5.1.1 no such user" if refused else said) + b"\r\n")
            if verb == b"DATA":
                self.heard[number] += await self._content(reader)
                leaves, self._leaves = self._leaves > 0, self._leaves - 1
                writer.write(b"250 kept\r\n" + b"421 4.3.2 that is all for now\r\n" * leaves)
        writer.close()

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\r\n.\r\n")
        except asyncio.IncompleteReadError as left:
            return left.partial


async def _all_settled_at(peculiar: Peculiar, running: Running) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@exempel.se") for number in range(2)))
    async with peculiar.serving() as port, running.delivering(against(running, port)):
        await running.all_settled()


async def test_a_server_that_waits_for_the_content_of_a_refused_mail_gets_none(running: Running) -> None:
    """Would break: the next mail's commands on that connection, which would be delivered as the first one's content."""
    peculiar = Peculiar(refuses=1)
    await _all_settled_at(peculiar, running)
    assert sorted(row["state"] for row in await running.rows("select state from emails")) == ["failed", "sent"]
    first, second = peculiar.heard
    assert first.endswith(b"DATA\r\n")
    assert first.count(b"MAIL FROM") == second.count(b"MAIL FROM") == 1


async def test_a_server_that_takes_leave_between_two_mails_is_called_again(running: Running) -> None:
    """Would break: its parting word read as the answer to the next mail's first command."""
    peculiar = Peculiar(leaves=1)
    await _all_settled_at(peculiar, running)
    rows = await running.rows("select state, attempt from emails")
    assert [(row["state"], row["attempt"]) for row in rows] == [("sent", 1)] * 2
    assert len(peculiar.heard) == 2
    assert await circuits.every(running.context.database) == []


async def test_what_a_greeting_refused_us_with_stands_with_the_attempt(running: Running) -> None:
    """Would break: an operator who is told that the server refuses us, and not by which code."""
    async with Peculiar(greeting=b"554 5.7.1 no service for you").serving() as port:
        circuit = await trouble_at(running, against(running, port))
    assert (circuit.trouble, circuit.smtp_code) == ("refused", 554)
    tried = await running.rows("select phase, smtp_code, enhanced_code, reason from email_attempts")
    assert [tuple(each.values()) for each in tried] == [("server", 554, "5.7.1", "mail_server_unavailable")]
