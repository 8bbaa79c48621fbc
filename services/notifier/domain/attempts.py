"""What single attempts at a mail came to: codes and times, never what a server wrote, which may name people."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

KEPT = 20
"""Attempts of a mail; older ones are forgotten."""

Phase: TypeAlias = Literal["before", "server", "recipient", "content"]
"""How far an attempt came: nothing was offered; no further than the server itself, from greeting to sender; to the
recipient; to the content."""

_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\S)")


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt that did not end well. `enhanced_code` as RFC 3463 has it, such as 4.2.2."""

    at: datetime
    phase: Phase
    smtp_code: int | None
    enhanced_code: str | None
    reason: str


def enhanced_code(answer: str) -> str | None:
    """The code that an answer's text begins with (RFC 2034 §4); None where it begins otherwise."""
    found = _ENHANCED.match(answer)
    return found and found[1]
