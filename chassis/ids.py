"""Time-ordered identifiers: UUID version 7 (RFC 9562 §5.7)."""

import random
import time
from uuid import UUID

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62


def uuid7() -> UUID:
    """A new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits, so that index pages fill in order.

    An id is not a secret, so the bits come from a generator that asks the system for nothing.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = random.getrandbits(74)
    return UUID(int=milliseconds << 80 | _VERSION | random_bits >> 62 << 64 | _VARIANT | random_bits & (1 << 62) - 1)
