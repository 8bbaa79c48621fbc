"""The mail sink: what it has said 250 to is listed after kill -9, and a mail's HTML can do nothing."""

import re
import sys
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from subprocess import Popen

import aiosmtplib
import httpx
import pytest

from aktivera.local.launch import launch
from aktivera.local.layout import CODE_ROOT
from aktivera.local.mail_sink.mailbox import Mailbox
from aktivera.local.ports import free_port
from aktivera.local.probes import until_ready
from aktivera.local.process_spec import Probe, ProcessSpec
from tests.integration.local.conftest import BASE

pytestmark = pytest.mark.timeout(120)

Start = Callable[[], "Popen[bytes]"]


@pytest.fixture
def spec(tmp_path: Path) -> ProcessSpec:
    smtp, page = free_port(), free_port()
    options = ("--smtp-port", str(smtp), "--page-port", str(page), "--data", str(tmp_path / "mail"))
    command = (sys.executable, "-m", "aktivera.local.mail_sink", *options)
    return ProcessSpec("mail", command, Probe("http", page, "/health/live"), env=BASE, cwd=str(CODE_ROOT))


@pytest.fixture
def start(spec: ProcessSpec, tmp_path: Path) -> Iterator[Start]:
    started: list[Popen[bytes]] = []

    def begin() -> "Popen[bytes]":
        started.append(launch(spec, tmp_path / "log"))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait(10)


async def send(spec: ProcessSpec, subject: str, html: str = "<p>Hej</p>") -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "aktivera@example.se", "åsa@exempelbolaget.se"
    mail["Date"] = "Sat, 02 May 2026 12:03:04 -0000"
    mail.set_content("Hej Åsa\nhttps://example.se/a?b=1&c=2")
    mail.add_alternative(html, subtype="html")
    port = int(spec.command[spec.command.index("--smtp-port") + 1])
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, start_tls=False)


def url(spec: ProcessSpec, path: str) -> str:
    return f"http://127.0.0.1:{spec.ready.port}{path}"


async def test_mails_are_kept_over_kill_9_and_gone_after_delete(spec: ProcessSpec, start: Start) -> None:
    process = start()
    assert await until_ready(spec.ready, 60)
    for number in range(3):
        await send(spec, f"Välkommen {number}")
    process.kill()
    process.wait(10)
    start()
    assert await until_ready(spec.ready, 60)
    async with httpx.AsyncClient() as client:
        mails = (await client.get(url(spec, "/messages.json"))).json()
        assert [mail["subject"] for mail in mails] == ["Välkommen 0", "Välkommen 1", "Välkommen 2"]
        assert set(mails[0]) == {"id", "from", "to", "subject", "headers", "text", "html"}
        assert mails[0]["to"] == ["åsa@exempelbolaget.se"]
        assert mails[0]["text"] == "Hej Åsa\nhttps://example.se/a?b=1&c=2\n"
        assert mails[0]["headers"]["Subject"] == "Välkommen 0"
        assert (await client.delete(url(spec, "/messages"))).status_code == 204
        assert (await client.get(url(spec, "/messages.json"))).json() == []


async def test_a_mail_is_read_on_the_page_and_its_html_is_shut_in(spec: ProcessSpec, start: Start) -> None:
    start()
    assert await until_ready(spec.ready, 60)
    await send(spec, "<b>Ämne</b>", html="<script>parent.document.title='x'</script>")
    async with httpx.AsyncClient() as client:
        listing = await client.get(url(spec, "/"))
        assert "&lt;b&gt;Ämne&lt;/b&gt;" in listing.text
        assert "<b>Ämne" not in listing.text
        mail = (await client.get(url(spec, "/messages.json"))).json()[0]
        page = await client.get(url(spec, f"/messages/{mail['id']}"), headers={"accept-language": "en"})
        assert '<html lang="en">' in page.text
        assert "<script" not in page.text
        assert "sandbox=" in page.text
        assert 'href="https://example.se/a?b=1&amp;c=2"' in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        shut_in = await client.get(url(spec, f"/messages/{mail['id']}/html"))
        assert "sandbox" in shut_in.headers["content-security-policy"]
        assert "allow-scripts" not in shut_in.headers["content-security-policy"]
        rebound = await client.get(url(spec, "/messages.json"), headers={"host": f"evil.example:{spec.ready.port}"})
        assert rebound.status_code == 421
        assert re.search(r"<td>[123] maj 2026 kl\. \d\d:03:04</td>", listing.text)
        assert re.search(r"<dd>[123] May 2026, \d\d:03:04</dd>", page.text)
        unknown = await client.get(url(spec, "/messages/none"))
        assert unknown.status_code == 404
        assert "Mejlet eller sidan finns inte" in unknown.text


async def test_a_torn_line_is_cut_off_and_the_oldest_go_first(tmp_path: Path) -> None:
    (tmp_path / "mails.jsonl").write_bytes(b'{"id": "0"}\n{"id": "tor')
    mailbox = Mailbox(tmp_path, limit=10)
    assert list(mailbox.raw_lines()) == [b'{"id": "0"}']
    for number in range(1, 15):
        await mailbox.add({"id": str(number)})
    kept = [mail["id"] for mail in mailbox.page(0, 100)]
    assert kept[0] == "14"
    assert len(kept) <= 10
    assert mailbox.find("0") is None
    mailbox.close()
    again = Mailbox(tmp_path, limit=10)
    assert [mail["id"] for mail in again.page(0, 100)] == kept
    again.close()
