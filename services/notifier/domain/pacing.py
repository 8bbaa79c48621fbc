"""How fast mails may go to one recipient's domain: a token bucket, and a place in line for what must wait.

Each agency has a line of its own, and the lines move at the same pace: an agency's first mail does not stand behind
another's thousand. A mail that must wait is told when to come again and finds a token then, or is told anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """So many mails a second for as long as it goes on, and `burst` at once after a rest."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at a moment (in seconds of any clock that does not go back). `lines`: by agency, until when its
    waiting mails have been given places."""

    tokens: float
    at: float
    lines: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def full(cls, rate: Rate, now: float) -> "Bucket":
        return cls(rate.burst, now)

    def filled(self, rate: Rate, now: float) -> "Bucket":
        """As it is at a later moment."""
        tokens = min(rate.burst, self.tokens + max(now - self.at, 0) * rate.per_second)
        return Bucket(tokens, max(now, self.at), {agency: until for agency, until in self.lines.items() if until > now})

    @property
    def rests(self) -> bool:
        """Whether nobody stands in line."""
        return not self.lines

    def spent(self, tokens: int = 1) -> "Bucket":
        return Bucket(self.tokens - tokens, self.at, self.lines)

    def ask(self, rate: Rate, agency: str, now: float, *, again: bool) -> tuple["Bucket", float]:
        """For one mail: the bucket afterwards, and 0 where the mail may go, else the seconds until it may ask `again`.

        Who asks for the first time takes no token that those in line were told to come for.
        """
        bucket = self.filled(rate, now)
        if bucket.tokens >= 1 and (again or bucket.rests):
            return bucket.spent(), 0.0
        pace = 1 / rate.per_second
        until = bucket.lines.get(agency)
        place = now + pace if until is None else until + len(bucket.lines) * pace
        return Bucket(bucket.tokens, bucket.at, {**bucket.lines, agency: place}), place - now
