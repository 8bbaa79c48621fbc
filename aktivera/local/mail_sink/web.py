"""Owns the sink's HTTP side: a few fixed answers over a socket, in place of a web framework's memory."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aktivera.local.mail_sink import pages
from aktivera.local.mail_sink.mailbox import Mailbox
from aktivera.local.ports import LOOPBACK

_HEAD_BYTES = 16_384
_REQUEST_SECONDS = 10.0
_OUR_NAMES = frozenset({LOOPBACK, "localhost", "::1"})
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# A mail is a stranger's page: no script, no request leaves it, and its links open in a window of their own.
BODY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]

    @property
    def host(self) -> str | None:
        return urlsplit(f"//{self.headers.get('host', '')}").hostname

    @property
    def locale(self) -> str:
        asked = self.query.get("lang", [""])[0] or self.headers.get("accept-language", "")[:2].lower()
        return "en" if asked == "en" else "sv"


@dataclass(frozen=True)
class Answer:
    status: str = "200 OK"
    body: Iterable[bytes] = ()
    kind: str = "text/html; charset=utf-8"
    policy: str = PAGE_POLICY


async def serve_page(mailbox: Mailbox, port: int) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECONDS):
                request = await _read(reader)
            answer = Answer("400 Bad Request") if request is None else await _answer(mailbox, request)
            async for chunk in _chunks(answer, with_body=request is None or request.method != "HEAD"):
                writer.write(chunk)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, LOOPBACK, port, limit=_HEAD_BYTES)


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    words = head[0].split(" ")
    if len(words) != 3:
        return None
    target = urlsplit(words[1])
    fields = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return Request(words[0], target.path, parse_qs(target.query), headers)


async def _answer(mailbox: Mailbox, request: Request) -> Answer:
    if request.host not in _OUR_NAMES:
        # A page of another site whose name was pointed at this machine could otherwise read the mails.
        return Answer("421 Misdirected Request")
    if (request.method, request.path) == ("DELETE", "/messages"):
        await mailbox.empty()
        return Answer("204 No Content")
    found = _find(mailbox, request) if request.method in {"GET", "HEAD"} else None
    return found or Answer("404 Not Found", body=[pages.missing(request.locale)])


def _find(mailbox: Mailbox, request: Request) -> Answer | None:
    match request.path.strip("/").split("/"):
        case [""]:
            number = int(page) if (page := request.query.get("page", ["0"])[0]).isdecimal() else 0
            return Answer(body=[pages.listing(mailbox, number, request.locale)])
        case ["style.css"]:
            return Answer(body=[pages.STYLE], kind="text/css")
        case ["messages.json"]:
            return Answer(body=_json_list(mailbox.raw_lines()), kind="application/json")
        case ["health", "live"]:
            return Answer(body=[json.dumps({"mails": len(mailbox)}).encode()], kind="application/json")
        case ["messages", mail_id, *rest] if (mail := mailbox.find(mail_id)) is not None:
            return _mail(mail, rest, request.locale)
    return None


def _mail(mail: dict[str, Any], rest: list[str], locale: str) -> Answer | None:
    match rest:
        case []:
            return Answer(body=[pages.reading(mail, locale)])
        case ["html"]:
            return Answer(body=[pages.body(mail)], policy=BODY_POLICY)
    return None


def _json_list(lines: Iterable[bytes]) -> Iterable[bytes]:
    yield b"["
    for number, line in enumerate(lines):
        yield b"," + line if number else line
    yield b"]"


async def _chunks(answer: Answer, *, with_body: bool) -> AsyncIterator[bytes]:
    """Without a length: the connection's end ends the body, so that a long list is never held in memory."""
    head = [f"HTTP/1.1 {answer.status}", f"Content-Type: {answer.kind}", f"Content-Security-Policy: {answer.policy}"]
    head += ["Connection: close", "Cache-Control: no-store", "X-Content-Type-Options: nosniff"]
    head += ["Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin"]
    yield ("\r\n".join(head) + "\r\n\r\n").encode()
    if with_body:
        for part in answer.body:
            yield part
