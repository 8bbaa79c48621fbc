"""How often somebody may be told that another agency has a client: so seldom that nobody can list the customers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.errors import Refused

MOST_TOLD = 100
"""Numbers an hour and person. A file of real clients has fewer; who tries numbers out gets no further."""


class TooManyLookUps(Refused):
    """Somebody was told of as many numbers as may be within the hour."""

    code = "rate_limited"


@dataclass
class Telling:
    """Of how many more numbers somebody may be told, and of which they are now. A number counts once."""

    left: int
    told: list[bytes] = field(default_factory=list)
    before: frozenset[bytes] = frozenset()
    """Of which they were told within the hour, which is counted already."""

    def may_tell(self, number: bytes | None, *, is_elsewhere: bool) -> bool:
        """Whether it may be told that a number is elsewhere, which counts, or is not, which gives away as much."""
        if number in self.told or number in self.before:
            return True
        if len(self.told) >= self.left:
            return False
        if is_elsewhere and number is not None:
            self.told.append(number)
        return True


def hour_of(now: datetime) -> datetime:
    """The hour that look-ups are counted in."""
    return now.replace(minute=0, second=0, microsecond=0)


def seconds_left(now: datetime) -> int:
    """Until the next hour begins."""
    return int((hour_of(now) + timedelta(hours=1) - now).total_seconds()) + 1
