"""The distribution of waits as a sketch that can be merged: DDSketch (Masson, Rim, Lee: VLDB 2019)."""

from array import array
from dataclasses import dataclass

from ddsketch.ddsketch import BaseDDSketch
from ddsketch.mapping import LogarithmicMapping
from ddsketch.store import DenseStore

RELATIVE_ERROR = 0.01
"""A percentile lies within this share of a wait that was really there at its rank."""

_MAPPING = LogarithmicMapping(RELATIVE_ERROR)
FEW = 200


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` waits, in seconds."""

    count: int
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    max_seconds: float


class Waits:
    """Many waits in little memory: the first few as they are, since a sketch of few far apart is larger."""

    __slots__ = ("_few", "_sketch")

    def __init__(self) -> None:
        self._few = array("d")
        self._sketch: BaseDDSketch | None = None

    def add(self, seconds: float) -> None:
        if self._sketch is not None:
            self._sketch.add(seconds)
            return
        self._few.append(seconds)
        if len(self._few) > FEW:
            self._sketch, self._few = self._sketched(), array("d")

    def merge(self, other: "Waits") -> None:
        """Adds what `other` holds, which stays as it is."""
        if other._sketch is not None:
            self._sketch, self._few = self._sketched(), array("d")
            self._sketch.merge(other._sketch)
        for seconds in other._few:
            self.add(seconds)

    def percentiles(self) -> Percentiles | None:
        """None where there is no wait."""
        sketch = self._sketched()
        if not sketch.count:
            return None
        count, largest = int(sketch.count), sketch._max  # a sketch may answer a little more than was ever there
        half, most, late = (min(_at_rank(sketch, -(-percent * count // 100)), largest) for percent in (50, 90, 99))
        return Percentiles(count, half, most, late, largest)

    def _sketched(self) -> BaseDDSketch:
        if self._sketch is not None:
            return self._sketch
        sketch = BaseDDSketch(_MAPPING, DenseStore(), DenseStore(), 0.0)
        for seconds in self._few:
            sketch.add(seconds)
        return sketch


def _at_rank(sketch: BaseDDSketch, rank: int) -> float:
    """The wait of a rank, counted from 1. The sketch takes a share of the way from the first to the last, which would
    be the last but one for the 99th percentile of a few; the half is for what rounding takes."""
    share = min(1.0, (rank - 0.5) / (sketch.count - 1)) if sketch.count > 1 else 0.0
    return sketch.get_quantile_value(share) or 0.0
