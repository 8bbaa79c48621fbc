"""Every code with which anything is refused: its status, and its text in Swedish and English. No other place has one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Pointed:
    """One place that is wrong: a JSON pointer (RFC 6901) into what was sent, and the code of what is wrong there."""

    pointer: str
    code: str


class Refused(Exception):  # named after the fact that refused
    """Base of every business refusal. A subclass is named after the fact that refused and sets `code`.

    `errors` point into the request; `facts` fill the placeholders of the texts and stand in the problem as members.
    """

    code: ClassVar[str]

    def __init__(self, errors: Sequence[Pointed] = (), **facts: object) -> None:
        super().__init__(self.code)
        self.errors = tuple(errors)
        self.facts = facts
