"""When reading stands still: Faust's commits and fetches can stop, of one partition too while others are read."""

from collections.abc import Mapping

from chassis.extents import Place


class Standstill:
    """Looks at how far each partition was read. In a backlog they take turns, so one that has none yet is no sign: all
    that have something unread must have stood for longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._moved: dict[Place, tuple[int, float]] = {}
        """Where each was, and since when it was there with something to read."""

    def seen(self, positions: Mapping[Place, int], ends: Mapping[Place, int], now: float) -> bool:
        """Whether reading stands still; `now` in seconds of any clock that only goes on."""
        standing = []
        for place, end in ends.items():
            position = positions.get(place, 0)
            before, since = self._moved.get(place, (position, now))
            if position != before or position >= end:
                since = now
            self._moved[place] = position, since
            if position < end:
                standing.append(now - since > self._seconds)
        return bool(standing) and all(standing)
