"""Counts by minute and hour of event time, each event once; windows that are over are forgotten.

Memory goes with the events kept: 12 bytes for each (a digest of its id, and which series it is of) in its minute, by
digest. That two ids of a minute have one digest has a chance of 10⁻⁹ at 10⁵ events. Hours are summed as events come,
minutes when somebody asks.

The clock that decides what is kept is handed in: an event whose own clock is days off is left out and moves nothing.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Literal

from services.insights.domain.facts import Fact, Stage
from services.insights.domain.waits import Waits

MINUTE, HOUR = 60, 3600
AHEAD_SECONDS = 300
"""How far an event's clock may be before ours."""
MOST_AGENCIES = 2000
"""Of further ones events count for all agencies alone: names may not fill the memory."""

Outcome = Literal["counted", "repeated", "too_old", "ahead"]
Window = Literal["minute", "hour"]
SECONDS: dict[Window, int] = {"minute": MINUTE, "hour": HOUR}
Counts = Counter[str]


@dataclass(slots=True)
class _Minute:
    digests: "array[int]" = field(default_factory=lambda: array("Q"))
    series: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, digest: int, series: int) -> bool:
        """Whether the digest is new."""
        at = bisect_left(self.digests, digest)
        if at < len(self.digests) and self.digests[at] == digest:
            return False
        self.digests.insert(at, digest)
        self.series.insert(at, series)
        return True


@dataclass(slots=True)
class _Hour:
    counts: Counter[int] = field(default_factory=Counter)
    waits: dict[tuple[str | None, Stage], Waits] = field(default_factory=dict)


class Windows:
    """All windows of the last `kept`. Agency None means all agencies together."""

    def __init__(self, kept: timedelta) -> None:
        self._kept_seconds = kept / timedelta(seconds=1)
        self._counted = self._gone = 0
        self.clear()

    def clear(self) -> None:
        """Forgets everything, as at a start."""
        self._minutes: dict[int, _Minute] = {}
        self._hours: dict[int, _Hour] = {}
        self._numbers: dict[tuple[str | None, str], int] = {}
        self._series: list[tuple[str | None, str]] = []
        self._unused: list[int] = []
        self._agencies: set[str] = set()
        self._changed: dict[str, int] = {}
        self._gone += 1

    def count(self, event_id: str, at: datetime, fact: Fact, now: datetime) -> Outcome:
        """Counts the event in the windows of the moment `at`, once."""
        second, present = at.timestamp(), now.timestamp()
        if second > present + AHEAD_SECONDS:
            return "ahead"
        if second < self._begin(present):
            return "too_old"
        minute, hour = int(second // MINUTE), int(second // HOUR)
        agency = self._kept_agency(fact)
        digest = int.from_bytes(blake2b(event_id.encode(), digest_size=8).digest())
        series = self._number(agency, fact.what)
        if not self._minutes.setdefault(minute, _Minute()).add(digest, series):
            return "repeated"
        window = self._hours.setdefault(hour, _Hour())
        window.counts[series] += 1
        if fact.wait is not None:
            for whose in {None, agency}:
                window.waits.setdefault((whose, fact.wait.stage), Waits()).add(fact.wait.seconds)
        self._counted += 1
        if agency is not None:
            self._changed[agency] = self._counted
        return "counted"

    def state(self, agency: str | None) -> tuple[int, int]:
        """Another one whenever what is shown to an agency, or of all together, may be another."""
        return self._counted if agency is None else self._changed.get(agency, 0), self._gone

    def expire(self, now: datetime) -> None:
        """Forgets the windows that are over. Whole hours, so that an hour and its minutes say the same."""
        first = self._begin(now.timestamp()) // HOUR
        for hour in [each for each in self._hours if each < first]:
            del self._hours[hour]
            self._gone += 1
        for minute in [each for each in self._minutes if each * MINUTE < first * HOUR]:
            del self._minutes[minute]
        self._forget_unused({number for hour in self._hours.values() for number in hour.counts})

    def since(self, now: datetime) -> datetime:
        """The begin of the oldest window that is kept."""
        return datetime.fromtimestamp(self._begin(now.timestamp()), UTC)

    def counts(self, window: Window, begin: datetime, end: datetime, agency: str | None) -> dict[datetime, Counts]:
        """The windows from the one that holds `begin` up to `end`; those without an event are left out."""
        seconds = SECONDS[window]
        first, last = begin.timestamp() // seconds, -(-end.timestamp() // seconds)
        held = self._hours if window == "hour" else self._minutes
        found = {}
        for number in sorted(each for each in held if first <= each < last):
            counts = self._named(self._summed(window, number), agency)
            if counts:
                found[datetime.fromtimestamp(number * seconds, UTC)] = counts
        return found

    def waits(self, begin: datetime, end: datetime, agency: str | None, stage: Stage) -> Waits:
        """The waits of the whole hours that the period touches."""
        first, last = begin.timestamp() // HOUR, -(-end.timestamp() // HOUR)
        merged = Waits()
        for number, hour in self._hours.items():
            if first <= number < last and (found := hour.waits.get((agency, stage))) is not None:
                merged.merge(found)
        return merged

    def _begin(self, present: float) -> int:
        return int((present - self._kept_seconds) // HOUR) * HOUR

    def _forget_unused(self, used: set[int]) -> None:
        """Forgets the series without an event in any window, and agencies without a series: others take their place."""
        for series in [each for each, number in self._numbers.items() if number not in used]:
            self._unused.append(self._numbers.pop(series))
        self._agencies = {agency for agency, _ in self._numbers if agency is not None}
        self._changed = {agency: last for agency, last in self._changed.items() if agency in self._agencies}

    def _kept_agency(self, fact: Fact) -> str | None:
        if fact.agency is not None and fact.agency not in self._agencies:
            if len(self._agencies) >= MOST_AGENCIES:
                return None
            self._agencies.add(fact.agency)
        return fact.agency

    def _number(self, agency: str | None, what: str) -> int:
        series = (agency, what)
        if (known := self._numbers.get(series)) is not None:
            return known
        if self._unused:
            number = self._unused.pop()
            self._series[number] = series
        else:
            number = len(self._series)
            self._series.append(series)
        self._numbers[series] = number
        return number

    def _summed(self, window: Window, number: int) -> Counter[int]:
        return self._hours[number].counts if window == "hour" else Counter(self._minutes[number].series)

    def _named(self, counts: Counter[int], agency: str | None) -> Counts:
        return Counter(dict(self._of(counts, agency))) if agency is not None else self._of_all(counts)

    def _of(self, counts: Counter[int], agency: str) -> Iterator[tuple[str, int]]:
        for number, count in counts.items():
            whose, what = self._series[number]
            if whose == agency:
                yield what, count

    def _of_all(self, counts: Counter[int]) -> Counts:
        found: Counts = Counter()
        for number, count in counts.items():
            found[self._series[number][1]] += count
        return found
