"""The circuit breaker: a bad deploy stops reading instead of draining a topic into held events."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from chassis.consumer_offsets import Place, StopReading

OUR_FAULTS = frozenset({"decide_failed", "save_failed"})


class CircuitOpen(StopReading):
    """So many events of a partition fail that the fault is ours and not theirs. Nothing of the batch is kept."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Open at `run` faults in a row, or when `ratio` of the last `window` events failed; per partition."""

    run: int = 50
    ratio: float = 0.2
    window: int = 200


@dataclass(slots=True)
class _Recent:
    last: "deque[bool]"
    faults: int = 0
    run: int = 0

    def copy(self) -> "_Recent":
        return _Recent(self.last.copy(), self.faults, self.run)


@dataclass
class Breaker:
    """What became of the newest events of each partition. A batch looks through `watch`, and counts once committed."""

    limits: Limits = field(default_factory=Limits)
    _recent: dict[Place, _Recent] = field(default_factory=dict)

    def watch(self) -> "Watch":
        return Watch(self)

    def recent(self, place: Place) -> _Recent:
        """A copy to go on from."""
        known = self._recent.get(place)
        return known.copy() if known else _Recent(deque(maxlen=self.limits.window))

    def accept(self, seen: dict[Place, _Recent]) -> None:
        self._recent.update(seen)


class Watch:
    """The breaker's view of one batch that is not yet committed."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._seen: dict[Place, _Recent] = {}

    def record(self, events: Iterable[tuple[Place, bool]]) -> None:
        """Notes events in order, True for a fault of ours. Raises CircuitOpen."""
        limits = self._breaker.limits
        for place, failed in events:
            recent = self._seen.get(place)
            if recent is None:
                recent = self._seen[place] = self._breaker.recent(place)
            if len(recent.last) == limits.window:
                recent.faults -= recent.last[0]
            recent.last.append(failed)
            if not failed:
                recent.run = 0
                continue
            recent.faults += 1
            recent.run += 1
            if recent.run >= limits.run or recent.faults >= limits.ratio * limits.window:
                raise CircuitOpen(
                    f"{place[0]}[{place[1]}]: {recent.faults} of the last {len(recent.last)} events failed"
                )

    def committed(self) -> None:
        """The batch is kept, and with it what was seen."""
        self._breaker.accept(self._seen)
