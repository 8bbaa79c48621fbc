"""W3C trace context: one trace from the request or upstream event to the mail."""

import random
import re
import secrets

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


def new_traceparent() -> str:
    """A new sampled trace (W3C Trace Context §3.2)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def accepted(traceparent: str | None) -> str | None:
    """The sender's traceparent where it is well formed, else None."""
    return traceparent if traceparent and _TRACEPARENT.match(traceparent) else None


def child_of(traceparent: str) -> str:
    """The same trace with a span id of our own; unchanged where it is not well formed."""
    match = _TRACEPARENT.match(traceparent)
    return f"00-{match[1]}-{random.getrandbits(64):016x}-{match[3]}" if match else traceparent
