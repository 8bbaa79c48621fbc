"""The bytes of a mail: headers, text and HTML. Made once; every attempt sends the same."""

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from services.notifier.domain.addresses import SenderInvalid, WireAddress, for_the_wire, is_plain, read_sender

SHORT = 70
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template says."""

    subject: str
    text: str
    html: str


def compose(rendered: Rendered, sender: str, recipient: str, message_id: str, date: datetime, locale: str) -> bytes:
    """The whole message with CRLF line ends. Same arguments, same bytes.

    The library writes each header; only the two parts are put together here, at a tenth of what its own assembly costs.
    Raises SenderInvalid where we are at fault, and any other ValueError for what of the mail may stand in no header.
    """
    to = for_the_wire(recipient)
    utf8 = to.smtputf8
    boundary = f"=_{uuid5(NAMESPACE_URL, message_id).hex}"  # no line of quoted-printable has these two signs
    return b"".join(
        (
            _of_settings(message_id, date, sender, utf8),
            _to(to),
            _header("Subject", rendered.subject, utf8),
            b"Auto-Submitted: auto-generated\r\n",  # RFC 3834: no out-of-office answers to us
            b"MIME-Version: 1.0\r\n",
            _language(locale),
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode(),
            _part(boundary, b"plain", rendered.text),
            _part(boundary, b"html", rendered.html),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def message_id_of(content: bytes) -> str:
    """The Message-ID of a whole message: what was once offered keeps it, whatever our settings are now."""
    return str(BytesHeaderParser(policy=SMTP).parsebytes(content)["Message-ID"])


def _header(name: str, value: str | Address, utf8: bool) -> bytes:
    """One header, folded and encoded. Raises ValueError where it would be two."""
    policy = SMTPUTF8 if utf8 else SMTP
    return policy.fold_binary(*policy.header_store_parse(name, value))


def _of_settings(message_id: str, date: datetime, sender: str, utf8: bool) -> bytes:
    """The headers that come from our settings and are no words of anybody's."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise SenderInvalid("our settings may not stand in a header")
    return f"Message-ID: {message_id}\r\nDate: {format_datetime(date)}\r\n".encode() + _from(sender, utf8)


def _to(recipient: WireAddress) -> bytes:
    address = recipient.address
    if is_plain(address) and len(address) < SHORT:  # as the library would write it, and most are so
        return f"To: {address}\r\n".encode()
    return _header("To", _address("", address), recipient.smtputf8)


@lru_cache(maxsize=8)
def _from(sender: str, utf8: bool) -> bytes:
    read = read_sender(sender)
    try:
        return _header("From", _address(read.name, read.address), utf8)
    except ValueError as error:
        raise SenderInvalid("our settings may not stand in a header") from error


@lru_cache(maxsize=8)
def _language(locale: str) -> bytes:
    return _header("Content-Language", locale, utf8=False)


def _part(boundary: str, kind: bytes, text: str) -> bytes:
    lines = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n") + b"\n"
    return b"".join(
        (
            f"\r\n--{boundary}\r\n".encode(),
            b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' % kind,
            b2a_qp(lines.replace(b"\n", b"\r\n"), quotetabs=False, istext=True, header=False),
        )
    )


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
