"""Starts the mail sink: SMTP on one port, the page and the JSON list on another, both on the loopback alone."""

import argparse
import asyncio
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP

from aktivera.local.mail_sink.mailbox import Mailbox
from aktivera.local.mail_sink.reception import MAX_MAIL_BYTES, Reception
from aktivera.local.mail_sink.web import serve_page
from aktivera.local.ports import LOOPBACK


async def run(smtp_port: int, page_port: int, data: Path, limit: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)
    mailbox = Mailbox(data, limit)
    reception = Reception(mailbox)

    def session() -> SMTP:
        return SMTP(reception, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=MAX_MAIL_BYTES, loop=loop)

    smtp = await loop.create_server(session, LOOPBACK, smtp_port)
    page = await serve_page(mailbox, page_port)
    await ended.wait()
    smtp.close()
    page.close()
    mailbox.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aktivera.local.mail_sink", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=50_000, help="most mails kept; the oldest go first")
    asked = parser.parse_args()
    asyncio.run(run(asked.smtp_port, asked.page_port, asked.data, asked.limit))


if __name__ == "__main__":
    main()
