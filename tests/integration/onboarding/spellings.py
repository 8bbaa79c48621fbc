"""Every way in which a personal number may be written down, and a search for them in all tables of a database."""

import base64
from collections.abc import Iterable

from tests.integration.onboarding.running import Running

SIGNS = ("", "-", "+", " ", ".", "/", "_", "–", "\\u2013")


def spellings(twelve: str) -> set[str]:
    """Ten and twelve digits, with each sign, with a date that is taken apart, in hexadecimal (as Postgres shows bytes)
    and in base64."""
    dates = [(year, apart) for year in (twelve[:4], twelve[2:4]) for apart in ("", "-", ".", "/", "_", " ")]
    begun = {apart.join((year, twelve[4:6], twelve[6:8])) for year, apart in dates}
    written = {f"{each}{sign}{twelve[8:]}" for each in begun for sign in SIGNS}
    return written | {each.encode().hex() for each in written} | {part for each in written for part in _base64(each)}


def _base64(text: str) -> Iterable[str]:
    """The letters that stand for a text wherever it begins in what is encoded."""
    for shift in range(3):
        encoded = base64.b64encode(b"\x00" * shift + text.encode()).decode()
        yield encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]


async def tables_with(running: Running, numbers: Iterable[str]) -> dict[str, list[str]]:
    """Table → what was found in it."""
    names = await running.rows("select tablename from pg_tables where schemaname = 'public' order by 1")
    sought = {each for number in numbers for each in spellings(number)}
    found: dict[str, list[str]] = {}
    for name in (each["tablename"] for each in names):
        rows = await running.rows(f'select t::text as text from "{name}" t')  # a table of the database
        text = "\n".join(each["text"] for each in rows)
        hits = sorted(each for each in sought if each in text)
        if hits:
            found[name] = hits
    return found
