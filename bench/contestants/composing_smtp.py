"""A program without us: renders the same template, makes the mail by the standard library, sends it by aiosmtplib."""

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from uuid import uuid4

import aiosmtplib
import uvloop

from services.notifier.rendering import render
from services.notifier.samples import sample, sample_links
from services.notifier.wording import Links

CONFIRMATION = sample("confirmation", "sv")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    asked = parser.parse_args()
    numbers, links = iter(range(asked.count)), sample_links(None)
    await asyncio.gather(*(_send(asked.port, numbers, links) for _ in range(asked.connections)))


async def _send(port: int, numbers: Iterator[int], links: Links) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench.test") as client:
        for number in numbers:
            await client.send_message(_made(number, links))


def _made(number: int, links: Links) -> EmailMessage:
    name = f"Åkes Bolag {number} AB"
    mail = replace(CONFIRMATION, client_id=uuid4(), recipient=f"info{number}@example.se", client_name=name)
    said, message = render(mail, links), EmailMessage()
    message["From"], message["To"] = "Aktivera <no-reply@aktivera.local>", mail.recipient
    message["Subject"], message["Date"], message["Message-ID"] = said.subject, formatdate(), make_msgid(domain="x.test")
    message.set_content(said.text)
    message.add_alternative(said.html, subtype="html")
    return message


if __name__ == "__main__":
    uvloop.run(main())
