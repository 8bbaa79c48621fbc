"""The distribution of waits as a sketch that can be merged: DDSketch (Masson, Rim, Lee: VLDB 2019)."""

from dataclasses import dataclass

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ERROR = 0.01
"""A percentile lies within this share of a wait that was really there at its rank."""

_MAPPING = LogarithmicMapping(RELATIVE_ERROR)
_BINS_AT_A_TIME = 16  # most sketches hold a few near values; the library's own 128 would cost a kilobyte each


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` waits, in seconds."""

    count: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    max_seconds: float


class Waits:
    """Many waits in little memory."""

    __slots__ = ("_sketch",)

    def __init__(self) -> None:
        self._sketch = BaseDDSketch(_MAPPING, DenseStore(_BINS_AT_A_TIME), DenseStore(_BINS_AT_A_TIME), 0.0)

    def add(self, seconds: float) -> None:
        self._sketch.add(seconds)

    def merge(self, other: "Waits") -> None:
        """Adds what `other` holds, which stays as it is."""
        self._sketch.merge(other._sketch)

    def percentiles(self) -> Percentiles | None:
        """None where there is no wait."""
        if not self._sketch.count:
            return None
        half, most, late = (self._sketch.get_quantile_value(q) or 0.0 for q in (0.5, 0.9, 0.99))
        return Percentiles(int(self._sketch.count), half, most, late, self._sketch._max)
