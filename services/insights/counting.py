"""What insights keeps in memory: the windows, how far each partition was counted, and what was left out and why."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from chassis.clock import Clock
from chassis.decoding import decode
from chassis.extents import Extent, Place
from chassis.failures import Unprocessable
from chassis.handling import Record
from schemas.catalogue import CATALOGUE
from schemas.onboarding import OnboardingRejectedV1
from services.insights.domain.facts import NAMES, fact_of
from services.insights.domain.windows import Windows
from services.insights.pacing import Paces

log = structlog.get_logger(__name__)

LATE = timedelta(minutes=2)
"""How old `as_of` may be: more than the time between two looks, and what a busy machine takes."""

COUNTED = frozenset({OnboardingRejectedV1, *NAMES})
IGNORED_TYPES = frozenset(each.wire_type.encode() for each in CATALOGUE if each.model not in COUNTED)
"""Known by the header alone, and not parsed."""


class Statistics:
    """The state of one process. It can be thrown away at any moment: `begin` says where to read it from again."""

    def __init__(self, kept: timedelta, clock: Clock) -> None:
        self.clock = clock
        self.windows = Windows(kept)
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """(topic, outcome) → events, since the state was thrown away last."""
        self._told: Counter[tuple[str, str]] = Counter()
        self.positions: dict[Place, int] = {}
        """Where the next record of each partition is: all before are in the windows, or too old for them."""
        self.again = asyncio.Event()
        self.paces, self.stream_paces = Paces(), Paces()
        self._looked: tuple[datetime, Mapping[Place, int]] | None = None
        """A moment, and where the topics ended then, until all that they had is counted."""
        self._as_of: datetime | None = None
        self._reading = 0

    @property
    def as_of(self) -> datetime | None:
        """What the topics had by then is counted; None until all is that they had when reading began."""
        if self._looked is not None and not self.unread(self._looked[1]):
            self._as_of, self._looked = self._looked[0], None
        return None if self.again.is_set() else self._as_of

    @property
    def complete(self) -> bool:
        """Whether all is counted that the topics had when reading began; until then counts are too low."""
        return self.as_of is not None

    @property
    def late(self) -> bool:
        """Whether `as_of` is long ago: counting is behind, or Kafka does not say how far its topics go."""
        return self.as_of is None or abs(self.clock() - self.as_of) > LATE

    def throw_away(self) -> None:
        """Has everything read again. What was known is shown, as incomplete, until reading begins."""
        self.again.set()

    def begin(self, at: datetime, extents: Mapping[Place, Extent]) -> int:
        """Reading begins (again) with what the topics had at a moment: a number that tells this reading from those
        before, for `hear`."""
        if self.again.is_set():
            self.windows.clear()
            self.positions.clear()
            self.outcomes.clear()
            self._told.clear()
            self._as_of = None
            self.again.clear()
        for place, extent in extents.items():
            if not extent.begin <= self.positions.get(place, -1) <= extent.end:  # not read yet, or another topic now
                self.positions[place] = extent.begin
        self._looked = (at, {place: extent.end for place, extent in extents.items()})
        self._reading += 1
        return self._reading

    def looked(self, at: datetime, ends: Mapping[Place, int]) -> None:
        """The topics ended there at a moment. A look of which something is not counted yet is not replaced by a later
        one, else under load all of none would ever be counted."""
        if self.as_of is not None and self._looked is None:
            self._looked = at, ends

    def unread(self, ends: Mapping[Place, int]) -> int:
        """How many records there are that were not counted."""
        return sum(max(0, end - self.positions.get(place, 0)) for place, end in ends.items())

    def untold(self) -> Counter[tuple[str, str]]:
        """The outcomes since this was asked last."""
        new = self.outcomes - self._told
        self._told = self.outcomes.copy()
        return new

    def hear(self, reading: int, record: Record) -> None:
        """Counts a record, whatever it is: one that is broken, or of a wrong clock, changes nothing else."""
        if reading != self._reading:
            return
        self.outcomes[record.topic, self._outcome(record)] += 1
        self.positions[record.topic, record.partition] = record.offset + 1

    def _outcome(self, record: Record) -> str:
        try:
            kinds = [value for name, value in record.headers or () if name == "ce_type"]
            if kinds and kinds[0] in IGNORED_TYPES:
                return "ignored"
            event = decode(record, CATALOGUE)
            fact = fact_of(event)
            return "ignored" if fact is None else self.windows.count(event.id, event.time, fact, self.clock())
        except Unprocessable as reason:
            return "ignored" if reason.code in {"unknown_event_type", "unsupported_version"} else "unreadable"
        except Exception as error:  # a bug of ours in one record is not the others'
            log.error("event not counted", error=type(error).__name__, topic=record.topic, partition=record.partition)
            return "unreadable"
