"""What an SMTP answer means: for this mail, or for the server as a whole."""

import re
from typing import Literal, TypeAlias

Trouble: TypeAlias = Literal["unreachable", "refused", "tls_refused", "login_refused", "sender_refused", "rate_limited"]
"""What of a mail server stands in every mail's way: no connection, or none on which it takes a mail now; a greeting
that is none; no TLS where we ask for it; our login; our sender; too much from us."""

LOGIN_CODES = frozenset({530, 534, 535, 538})
"""RFC 4954. Said to a recipient, they still mean our login."""

_SENDER_AT_FAULT = re.compile(r"5\.(?:1\.[78]|7\.(?:2[0-9]|9))(?![0-9])")
"""RFC 3463, 7372: a sender's address or domain that is not accepted. Many servers say so at the recipient. It may be
one receiver's rule, so that it stops no other mail."""

_ADDRESS_NOT_SPOKEN = re.compile(r"5\.6\.7(?![0-9])")
"""RFC 6531: this address needs SMTPUTF8, and somebody on its way has not got it."""

_RATE = re.compile(
    r"""
      4\.7\.28 | 5\.7\.(?:28|23[23]|708)(?![0-9])  # Google, Microsoft
    | \b5\.1\.90\b                                      # Microsoft: recipients of a day
    | rate[\s_-]?limit | \brate\s+(?:exceeded|limited)  # Exim, Mailgun
    | \bsending\s+rate\b | \bmessage\s+rate\b           # Amazon
    | \bthrottl(?:ed|ing)\b
    | \btoo\s+(?:many|much)\s+(?:e?mails?|messages?|connections?|concurrent|requests?|sessions?)\b   # Postfix's anvil
    | \b(?:daily|hourly|sending|submission|outgoing|message)\s+(?:\w+\s+)?(?:quota|limit)\b
    | \bmaximum\s+(?:number\s+of\s+)?(?:connections|concurrent|sessions)\b
    | \bconcurrent\s+connections?\s+limit\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""How servers say that it is too much from us. Some use 550 for it, which counted as a refusal of each mail would fail
a whole queue."""

_OF_THE_RECIPIENT = re.compile(
    r"[45]\.2\.[0-9](?![0-9])|\b(?:mailbox|inbox|over\s?quota|recipient(?:'s)?\s+(?:mail|quota|is\s+receiving))",
    re.IGNORECASE,
)
"""RFC 3463 X.2.X: a mailbox that is full or gets too much is no limit of ours."""


def is_rate_limit(code: int, text: str) -> bool:
    """Whether a refusal (4xx or 5xx) says that we send too much, to whomever."""
    return 400 <= code <= 599 and _RATE.search(text) is not None and _OF_THE_RECIPIENT.search(text) is None


def at_greeting(code: int, text: str) -> Trouble:
    """The greeting, or the answer to ours, was a refusal."""
    if is_rate_limit(code, text):
        return "rate_limited"
    return "login_refused" if code in LOGIN_CODES else "refused" if 500 <= code <= 599 else "unreachable"


def at_login(code: int, text: str) -> Trouble:
    """The login was refused."""
    if is_rate_limit(code, text):
        return "rate_limited"
    return "login_refused" if 500 <= code <= 599 else "unreachable"


def at_sender(code: int, text: str) -> Trouble:
    """MAIL was refused, before anything was said of a mail: the next one would meet the same."""
    if is_rate_limit(code, text):
        return "rate_limited"
    if code in LOGIN_CODES:
        return "login_refused"
    return "sender_refused" if 500 <= code <= 599 else "unreachable"


def at_mail(code: int, text: str) -> Trouble | None:
    """Recipient or content were refused: None where that is about this mail."""
    if is_rate_limit(code, text):
        return "rate_limited"
    return "login_refused" if code in LOGIN_CODES else None


def blames_sender(code: int, text: str) -> bool:
    """Whether a refusal at recipient or content is about our sender."""
    return 500 <= code <= 599 and _SENDER_AT_FAULT.match(text) is not None


def cannot_be_spoken(code: int, text: str) -> bool:
    """Whether a server that said it had SMTPUTF8 refuses this mail's letters: RFC 6531, 5321 (parameters)."""
    return code in {501, 504, 553, 555} or (500 <= code <= 599 and _ADDRESS_NOT_SPOKEN.match(text) is not None)
