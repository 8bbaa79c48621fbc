"""The bytes of a mail: headers, text and HTML. Made once; every attempt sends the same."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, parseaddr

from services.notifier.domain.addresses import AddressInvalid, WireAddress, for_the_wire


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template says."""

    subject: str
    text: str
    html: str


def compose(rendered: Rendered, sender: str, recipient: str, message_id: str, date: datetime, locale: str) -> bytes:
    """The whole message with CRLF line ends. Raises ValueError for what may not stand in a header."""
    to = for_the_wire(recipient)
    name, address = parseaddr(sender)
    if not address:
        raise AddressInvalid("the sender is not an address")
    message = EmailMessage(policy=SMTPUTF8 if to.smtputf8 else SMTP)
    message["Message-ID"] = message_id
    message["Date"] = format_datetime(date)
    message["From"] = _address(name, for_the_wire(address))
    message["To"] = _address("", to)
    message["Subject"] = rendered.subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to us
    message.set_content(rendered.text, cte="quoted-printable")
    message.add_alternative(rendered.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = locale  # last: the calls above move or remove Content- headers
    return message.as_bytes()


def _address(name: str, wire: WireAddress) -> Address:
    local, _, domain = wire.address.rpartition("@")
    return Address(name, local, domain)
