"""Named places where a test may kill, fail or hang the process. Nothing is armed outside the test environment."""

import asyncio
import os
import signal
from dataclasses import dataclass

import structlog

from chassis.settings import CommonSettings

log = structlog.get_logger(__name__)


class FailpointReached(Exception):  # named after the fact
    """What a failpoint in mode `raise` raises."""


@dataclass
class _Armed:
    name: str
    mode: str
    countdown: int


_armed: list[_Armed] = []


def arm(settings: CommonSettings) -> None:
    """Arms `AKTIVERA_FAILPOINT=name:kill|raise|hang[@N]` (at the Nth passage). Raises ValueError where refused."""
    _armed.clear()
    if not settings.failpoint:
        return
    if settings.environment != "test":
        raise ValueError("a failpoint is refused unless AKTIVERA_ENVIRONMENT=test")
    name, _, rest = settings.failpoint.partition(":")
    mode, _, nth = rest.partition("@")
    if mode not in {"kill", "raise", "hang"}:
        raise ValueError("AKTIVERA_FAILPOINT is name:kill|raise|hang[@N]")
    _armed.append(_Armed(name, mode, int(nth or "1")))


async def reached(name: str) -> None:
    """Marks a place. Costs one comparison where nothing is armed."""
    if not _armed:
        return
    armed = _armed[0]
    if armed.name != name:
        return
    armed.countdown -= 1
    if armed.countdown != 0:
        return
    log.warning("failpoint fired", failpoint=name, mode=armed.mode)
    if armed.mode == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.mode == "hang":
        await asyncio.Event().wait()
    raise FailpointReached(name)
