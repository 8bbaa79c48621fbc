"""The bytes of a mail: headers, text and HTML. Made once; every attempt sends the same."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime

from services.notifier.domain.addresses import ENCODED_WORD, Sender, SenderInvalid, for_the_wire, read_sender

_UNSEEN = frozenset({"Cc", "Zl", "Zp", "Cs"})


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template says."""

    subject: str
    text: str
    html: str


def compose(rendered: Rendered, sender: str, recipient: str, message_id: str, date: datetime, locale: str) -> bytes:
    """The whole message with CRLF line ends.

    Raises SenderInvalid where we are at fault, and any other ValueError for what of the mail may stand in no header.
    """
    head = _to(recipient) + _subject(rendered.subject)
    message = EmailMessage(policy=SMTP)
    _head(message, read_sender(sender), message_id, date)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = locale  # last: the calls above move or remove Content- headers
    return head + message.as_bytes()


# EmailMessage decodes what looks like encoded words in a value, and writes the line breaks that it finds in
# them. So what others chose is written here.


def _to(recipient: str) -> bytes:
    return f"To: {for_the_wire(recipient).address}\r\n".encode()


def _subject(subject: str) -> bytes:
    """The subject as it is, and on one line. Raises ValueError where it has what would end the line, or nobody sees."""
    if any(unicodedata.category(letter) in _UNSEEN for letter in subject):
        raise ValueError("a header is one line")
    plain = subject.isascii() and ENCODED_WORD not in subject
    text = Header(subject, "us-ascii" if plain else "utf-8", header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {text}\r\n".encode("ascii")


def message_id_of(content: bytes) -> str:
    """The Message-ID of a whole message: what was once offered keeps it, whatever our settings are now."""
    return str(BytesHeaderParser(policy=SMTP).parsebytes(content)["Message-ID"])


def _head(message: EmailMessage, sender: Sender, message_id: str, date: datetime) -> None:
    """The headers that come from our settings."""
    try:
        message["Message-ID"] = message_id
        message["Date"] = format_datetime(date)
        message["From"] = _address(sender.name, sender.address)
    except ValueError as error:
        raise SenderInvalid("our settings may not stand in a header") from error


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
