"""Another service's relay: what it writes to the toy's topic, in every order and form that Kafka may hold."""

from dataclasses import dataclass, field
from functools import lru_cache

from aiokafka import TopicPartition

from chassis.produce import partition_of
from tests.integration.chassis import toy
from tests.simulation.broker import Broker

EVENTS = "toy-events"
BUG, FORBIDDEN, TOO_MANY = "bug", "forbidden", "too many"
GARBAGE, GARBLED, CONFLICT, IGNORED, PLAIN = "garbage", "garbled", "conflict", "ignored", ""
NEVER = frozenset({FORBIDDEN, TOO_MANY, GARBAGE, GARBLED, CONFLICT})
"""What can never be counted; a person discards it."""

IN_ORDER = frozenset({PLAIN, BUG, FORBIDDEN, TOO_MANY, IGNORED})
"""What may be written behind what cannot be read: the next version, so that discarding can tell what that stood for."""


@dataclass(frozen=True, slots=True)
class Written:
    """One event or record of the writer's. `version` 0: it has none."""

    key: str
    version: int
    kind: str
    event_id: str

    @property
    def counts(self) -> bool:
        return self.kind in (PLAIN, BUG)


@dataclass
class Writer:
    """Versions count up per key. `kept` are events that are written later, so that there is a gap."""

    broker: Broker
    versions: dict[str, int] = field(default_factory=dict)
    kept: dict[str, list[Written]] = field(default_factory=dict)
    events: dict[str, Written] = field(default_factory=dict)
    at: dict[tuple[int, int], Written] = field(default_factory=dict)
    garbled: set[str] = field(default_factory=set)
    disordered: set[str] = field(default_factory=set)
    anything: bool = False

    def write(self, key: str, kind: str) -> None:
        """One event of a kind; two for `swap`. What nobody could put right again is left out, unless `anything`."""
        if key in self.garbled and kind not in IN_ORDER and not self.anything:
            kind = PLAIN
        if kind == "keep" or kind.startswith("swap"):
            self.disordered.add(key)
        if kind in IN_ORDER:
            self._send(self._next(key, kind))
        elif kind.startswith("swap"):
            first, second = self._next(key, kind.partition(" ")[2]), self._next(key, PLAIN)
            self._send(second)
            self._send(first)
        elif kind == "keep":
            self.kept.setdefault(key, []).append(self._next(key, PLAIN))
        elif kind == "let go":
            self.let_go(key)
        elif kind == "repeat":
            if sent := [each for each in self.at.values() if each.key == key]:
                self._send(sent[self.broker.chance.randrange(len(sent))])
        else:
            self._odd(key, kind)

    def _odd(self, key: str, kind: str) -> None:
        if kind in (GARBAGE, GARBLED):
            if not self.kept.get(key):
                self.garbled.add(key)
                self._send(Written(key, 0, GARBAGE, "") if kind == GARBAGE else self._next(key, GARBLED))
        elif kind == CONFLICT:
            if key in self.disordered:
                return  # whichever of the two comes first counts
            versions = [each.version for each in self.at.values() if each.key == key and each.kind == PLAIN]
            if versions:
                version = self.broker.chance.choice(versions)
                self._send(self._noted(Written(key, version, CONFLICT, f"{key}-{version}-other")))
        else:
            raise ValueError(kind)

    def let_go(self, key: str) -> None:
        for each in self.kept.pop(key, []):
            self._send(each)

    def complete(self) -> None:
        """Everything that is missing is written; behind what is garbled one more, so that its version is known."""
        for key in list(self.kept):
            self.let_go(key)
        for key in sorted(self.garbled):
            self._send(self._next(key, PLAIN))

    def of(self, key: str) -> list[Written]:
        """The events of a key that were written, by their versions."""
        found = {each.version: each for each in self.at.values() if each.key == key and each.counts}
        return [found[version] for version in sorted(found)]

    def last(self, key: str) -> int:
        return max((each.version for each in self.at.values() if each.key == key), default=0)

    def _next(self, key: str, kind: str) -> Written:
        version = self.versions[key] = self.versions.get(key, 0) + 1
        return self._noted(Written(key, version, kind, f"{key}-{version}"))

    def _noted(self, written: Written) -> Written:
        return self.events.setdefault(written.event_id, written)

    def _send(self, written: Written) -> None:
        place = TopicPartition(EVENTS, partition_of(written.key.encode(), self.broker.partitions[EVENTS]))
        value, headers = _bytes(written)
        record = self.broker.append(place, written.key.encode(), value, headers)
        self.at[place.partition, record.offset] = written
        if written.kind == BUG:
            toy.FAULTS.add(BUG)


@lru_cache(100_000)
def _bytes(written: Written) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    model = toy.IgnoredV1 if written.kind == IGNORED else toy.AddedV1
    kind = next(each.wire_type for each in toy.CATALOGUE if each.model is model)
    if written.kind in (GARBAGE, GARBLED):
        return b"\xff{", (("ce_type", kind.encode()),)
    note = written.kind if written.kind in (BUG, FORBIDDEN, TOO_MANY) else ""
    value = (
        f'{{"specversion":"1.0","id":"{written.event_id}","source":"/test/writer","type":"{kind}",'
        f'"subject":"{written.key}","time":"2026-01-01T00:00:00Z","sequence":"{written.version}",'
        f'"correlationid":"c-1","data":{{"tally":"{written.key}","note":"{note}"}}}}'
    )
    return value.encode(), (("ce_type", kind.encode()), ("ce_id", written.event_id.encode()))
