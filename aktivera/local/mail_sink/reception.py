"""Owns taking a mail by SMTP: every sender and recipient is accepted, 250 is said once the mail is on disk."""

import logging
import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from aktivera.local.mail_sink.mailbox import Mailbox

MAX_MAIL_BYTES = 5_000_000

_log = logging.getLogger(__name__)


class Reception:
    """What aiosmtpd calls; the method's name is its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = readable(envelope.content or b"", str(envelope.mail_from or ""), list(map(str, envelope.rcpt_tos)))
        try:
            await self._mailbox.add(mail)
        except OSError as error:
            _log.error("mail not stored: %s", error)
            return "451 4.3.0 not stored, try again"
        return f"250 2.0.0 kept as {mail['id']}"


def readable(content: bytes | str, sender: str, recipients: list[str]) -> dict[str, Any]:
    """The mail as the page and the JSON list show it; `from` and `to` are the envelope's."""
    raw = content.encode() if isinstance(content, str) else content
    message = message_from_bytes(raw, policy=policy.default)
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else str(value)
    return {
        "id": uuid.uuid4().hex,
        "from": sender,
        "to": recipients,
        "subject": str(message.get("Subject", "")),
        "headers": headers,
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
    }


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body(preferencelist=(kind,))
    if body is None:
        return ""
    try:
        return str(body.get_content()).replace("\r\n", "\n")
    except (LookupError, UnicodeError):
        # A charset nobody knows: better shown with marks than not at all.
        payload = body.get_payload(decode=True)
        return payload.decode(errors="replace") if isinstance(payload, bytes) else ""
