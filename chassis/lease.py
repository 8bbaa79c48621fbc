"""The lease of the outbox: of a service's processes the one that has it sends."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

LEASE = timedelta(seconds=5)
SAFETY_SECONDS = 1.0  # what is sent must be acknowledged that long before the lease ends, and removed in the rest


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send. `epoch` grows with each new owner; `until` is in the seconds of this process's event loop."""

    epoch: int
    until: float

    @property
    def left(self) -> float:
        return self.until - now() - SAFETY_SECONDS


def now() -> float:
    """Monotonic seconds of the event loop."""
    return asyncio.get_running_loop().time()


CLAIM = """
update relay_lease set owner = $1, until = clock_timestamp() + $2, epoch = epoch + (owner is distinct from $1)::int
 where name = 'outbox' and (owner = $1 or until < clock_timestamp())
returning epoch"""

RELEASE = "update relay_lease set until = '-infinity' where name = 'outbox' and owner = $1"
