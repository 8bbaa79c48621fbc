"""Looks for words in all that a service has stored: every table, mails as their readers see them, seals opened."""

from collections.abc import Iterable
from email import message_from_bytes
from email.policy import default
from typing import Any

from chassis.held_events import record_of
from tests.integration.notifier.running import Running


async def found(running: Running, *words: str) -> set[tuple[str, str]]:
    """(table, word) of each word that stands somewhere."""
    names = await running.rows("select tablename from pg_tables where schemaname = 'public'")
    hits = set()
    for name in (each["tablename"] for each in names):
        text = "\n".join(_text(running, name, row) for row in await running.rows(f'select * from "{name}"'))
        hits |= {(name, word) for word in words if word in text}
    return hits


def _text(running: Running, table: str, row: dict[str, Any]) -> str:
    parts = [str(row)]
    if table == "held_events" and row["sealed"]:
        parts.append(str(record_of(row, running.context.seal)))
    if table == "emails" and row["content"] is not None:
        parts += _read(row["content"])
    if table == "outbox":
        parts.append(row["payload"].decode())
    return "\n".join(parts)


def _read(content: bytes) -> Iterable[str]:
    message = message_from_bytes(content, policy=default)
    yield f"{message['To']} {message['Subject']}"
    yield from (str(part.get_content()) for part in message.walk() if not part.is_multipart())
