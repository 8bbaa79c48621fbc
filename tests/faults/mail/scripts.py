"""What the chaos server does to a recipient, and what the mail must come to."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Place = Literal["never", "rcpt", "data", "content", "dot"]
Deed = Literal["answer", "drop", "reset", "late", "silence"]
FOR_EVER = 10**6


@dataclass(frozen=True)
class Script:
    """`deed` at `place` for the first `times` offers, or `until` so long after the first; then the mail is taken.

    `comes_to` is the mail's state in the end, unless its process is killed with the content out.
    """

    name: str
    place: Place
    deed: Deed
    comes_to: str
    times: int = FOR_EVER
    code: int | None = None
    text: str = ""
    until: timedelta | None = None
    seconds: float = 0.0

    @property
    def settles(self) -> bool:
        return self.comes_to != "retry"


PLAIN = Script("taken", "never", "answer", "sent")
SCRIPTS = (
    PLAIN,
    Script("unknown recipient", "rcpt", "answer", "failed", code=550, text="5.1.1 no such user"),
    Script("busy", "rcpt", "answer", "sent", 1, code=421, text="4.3.2 come back"),
    Script("greylisted", "rcpt", "answer", "sent", code=451, text="4.7.1 greylisted", until=timedelta(minutes=5)),
    Script("always put off", "rcpt", "answer", "retry", code=451, text="4.2.1 not now"),
    Script("dropped at the recipient", "rcpt", "drop", "sent", 1),
    Script("reset at the recipient", "rcpt", "reset", "sent", 1),
    Script("silent at the recipient", "rcpt", "silence", "sent", 1),
    Script("put off at DATA", "data", "answer", "sent", 1, code=451, text="4.3.0 later"),
    Script("reset at DATA", "data", "reset", "sent", 1),
    Script("disk full", "dot", "answer", "sent", 2, code=452, text="4.3.1 disk full"),
    Script("content refused", "dot", "answer", "failed", code=550, text="5.6.0 not this"),
    Script("dropped before the dot", "content", "drop", "unknown"),
    Script("reset before the dot", "content", "reset", "unknown"),
    Script("never read", "content", "silence", "unknown"),
    Script("dropped after the dot", "dot", "drop", "unknown"),
    Script("reset after the dot", "dot", "reset", "unknown"),
    Script("silent after the dot", "dot", "silence", "unknown"),
    Script("late", "dot", "late", "sent", seconds=90),
)
