"""The notifier as a process whose clock goes faster: `python -m tests.faults.mail.hasty_notifier ORIGIN SPEED MARGIN`.

ORIGIN is the moment, in seconds since 1970, at which its clock was right; MARGIN what a lease has beyond the longest
dialogue, in seconds, which is a quarter of a minute in production.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from chassis import clock, lifecycle
from services.notifier import delivery
from services.notifier.__main__ import SERVICE


def hasty(origin: float, speed: float) -> Callable[[], datetime]:
    """A clock that was right at `origin` and has gone `speed` times as fast since."""
    true = clock.system_clock
    return lambda: datetime.fromtimestamp(origin + (true().timestamp() - origin) * speed, UTC)


def main() -> None:
    origin, speed, margin = map(float, sys.argv[1:])
    clock.system_clock = hasty(origin, speed)
    delivery.LEASE_MARGIN_SECONDS = margin
    lifecycle.main(SERVICE)


if __name__ == "__main__":
    main()
