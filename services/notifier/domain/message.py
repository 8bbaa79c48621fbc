"""The bytes of a mail: headers, text and HTML. Made once; every attempt sends the same."""

import re
import unicodedata
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from string import ascii_letters, digits
from uuid import NAMESPACE_URL, uuid5

from services.notifier.domain.addresses import ENCODED_WORD, SenderInvalid, for_the_wire, read_sender

_ONE_LINE = 68
_ROOM = 75 - len("Subject: =?utf-8?q??=")
_BEFORE_A_BREAK = 75
_AS_IT_IS = {letter: letter for letter in ascii_letters + digits + "-!*+/"} | {" ": "_"}
_UNSEEN = frozenset({"Cc", "Zl", "Zp", "Cs"})
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template says."""

    subject: str
    text: str
    html: str


def compose(rendered: Rendered, sender: str, recipient: str, message_id: str, date: datetime, locale: str) -> bytes:
    """The whole message with CRLF line ends. Same arguments, same bytes.

    Put together here, since the library's own assembly costs twenty times as much, and writes longer lines of
    quoted-printable than RFC 2045 §6.7 allows. Raises SenderInvalid where we are at fault, and any other ValueError for
    what of the mail may stand in no header.
    """
    boundary = f"=_{uuid5(NAMESPACE_URL, message_id).hex}"  # no line of quoted-printable has these two signs
    return b"".join(
        (
            _to(recipient),
            _subject(rendered.subject),
            _of_settings(message_id, date, sender),
            b"Auto-Submitted: auto-generated\r\n",  # RFC 3834: no out-of-office answers to us
            b"MIME-Version: 1.0\r\n",
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode(),
            _language(locale),
            _part(boundary, b"plain", rendered.text),
            _part(boundary, b"html", rendered.html),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def message_id_of(content: bytes) -> str:
    """The Message-ID of a whole message: what was once offered keeps it, whatever our settings are now."""
    return str(BytesHeaderParser(policy=SMTP).parsebytes(content)["Message-ID"])


# The library decodes what looks like encoded words in a value, and writes the line breaks that it finds in
# them. So what others chose is written here.


def _to(recipient: str) -> bytes:
    return f"To: {for_the_wire(recipient).address}\r\n".encode()


def _subject(subject: str) -> bytes:
    """The subject as it is, and on one line. Raises ValueError where it has what would end the line, or nobody sees."""
    if any(unicodedata.category(letter) in _UNSEEN for letter in subject):
        raise ValueError("a header is one line")
    plain = subject.isascii() and ENCODED_WORD not in subject and len(subject) <= _ONE_LINE
    return f"Subject: {subject if plain else _encoded_words(subject)}\r\n".encode("ascii")


def _encoded_words(text: str) -> str:
    """RFC 2047: each at most 75 letters with what stands before it, and none ends within a letter."""
    words = [""]
    for letter in text:
        sign = _AS_IT_IS.get(letter) or "".join(f"={byte:02X}" for byte in letter.encode())
        if len(words[-1]) + len(sign) > _ROOM:
            words.append("")
        words[-1] += sign
    return "\r\n ".join(f"=?utf-8?q?{word}?=" for word in words)


def _of_settings(message_id: str, date: datetime, sender: str) -> bytes:
    """The headers that are no words of anybody's."""
    if not _MESSAGE_ID.fullmatch(message_id):
        raise SenderInvalid("our settings may not stand in a header")
    return f"Message-ID: {message_id}\r\nDate: {format_datetime(date)}\r\n".encode() + _from(sender)


@lru_cache(maxsize=8)
def _from(sender: str) -> bytes:
    read = read_sender(sender)
    local, _, domain = read.address.rpartition("@")
    try:
        return _of_library("From", Address(read.name, local, domain))
    except ValueError as error:
        raise SenderInvalid("our settings may not stand in a header") from error


@lru_cache(maxsize=8)
def _language(locale: str) -> bytes:
    return _of_library("Content-Language", locale)


def _of_library(name: str, value: str | Address) -> bytes:
    """One header, folded and encoded. Raises ValueError where it would be two."""
    return SMTP.fold_binary(*SMTP.header_store_parse(name, value))


def _part(boundary: str, kind: bytes, text: str) -> bytes:
    head = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' % kind
    return b"".join((f"\r\n--{boundary}\r\n".encode(), head, *map(_quoted, text.encode().splitlines())))


@lru_cache(maxsize=512)  # most lines are those of the layout, in every mail
def _quoted(line: bytes) -> bytes:
    """RFC 2045 §6.7. Blanks at the end are encoded here: the library does that too, but in lines that grow too long."""
    seen = line.rstrip(b" \t")
    quoted = b2a_qp(seen + b"\r\n", quotetabs=False, istext=True, header=False).removesuffix(b"\r\n")
    room = _BEFORE_A_BREAK - len(quoted.rpartition(b"\n")[2])
    for blank in line[len(seen) :]:
        if room < len("=20"):
            quoted, room = quoted + b"=\r\n", _BEFORE_A_BREAK
        quoted, room = quoted + b"=%02X" % blank, room - len("=20")
    return quoted + b"\r\n"
