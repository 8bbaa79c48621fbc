"""The bytes of a mail: headers, text and HTML. Made once; every attempt sends the same."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from services.notifier.domain.addresses import Sender, SenderInvalid, for_the_wire, read_sender


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
    to = for_the_wire(recipient)
    message = EmailMessage(policy=SMTPUTF8 if to.smtputf8 else SMTP)
    _head(message, read_sender(sender), message_id, date)
    message["To"] = _address("", to.address)
    message["Subject"] = rendered.subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = locale  # last: the calls above move or remove Content- headers
    return message.as_bytes()


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
