"""What an e-mail address is that anything may be sent to: one rule for form, API, event and resend."""

import re
import unicodedata

LONGEST = 254
LONGEST_LOCAL = 64

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[^\W_](?:(?:[^\W_]|-)*[^\W_])?")


def normalised(text: str) -> str | None:
    """The address as it is kept, or None where it is none.

    The domain may have å, ä and ö (IDNA) and is compared without regard to case, so it is lowered. Lengths: RFC 5321
    §4.5.3.1.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip(" ")).rpartition("@")
    address = f"{local}@{domain.lower()}"
    sane = at and len(address) <= LONGEST and len(local) <= LONGEST_LOCAL and "=?" not in local  # an encoded word's
    return address if sane and _LOCAL.fullmatch(local) and _is_domain(domain.lower()) else None


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    try:
        return len(domain.encode("idna")) <= 253 and all(map(_is_itself_in_ascii, labels))
    except UnicodeError:
        return False


def _is_itself_in_ascii(label: str) -> bool:
    """IDNA of 2003 makes ß to ss, and ligatures to letters: that is another domain, which may be somebody else's."""
    return label.isascii() or label.encode("idna").decode("idna") == label
