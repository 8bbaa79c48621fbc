"""The limit: aiosmtplib on so many kept connections, composed before, nothing stored, nothing promised."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import uvloop


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mails", type=Path, required=True)
    parser.add_argument("--connections", type=int, required=True)
    asked = parser.parse_args()
    mails = iter([(recipient, text.encode()) for recipient, text in json.loads(asked.mails.read_text())])
    await asyncio.gather(*(_send(asked.port, mails) for _ in range(asked.connections)))


async def _send(port: int, mails: Iterator[tuple[str, bytes]]) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench.test") as client:
        for recipient, content in mails:
            await client.sendmail("no-reply@aktivera.local", [recipient], content)


if __name__ == "__main__":
    uvloop.run(main())
