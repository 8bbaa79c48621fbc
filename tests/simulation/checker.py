"""Looks at the tables and topics of a history that has come to its end, and says what is not as it was promised."""

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import orjson
from aiokafka import TopicPartition

from tests.simulation.person import Person
from tests.simulation.rows import HeldEvent
from tests.simulation.world import QUIET, TOTALS, World
from tests.simulation.writer import CONFLICT, EVENTS, GARBAGE, IGNORED

OVERDUE = timedelta(seconds=15)


def unsettled(world: World, person: Person) -> list[str]:
    """What is still to come; empty where the history is at its end."""
    found = []
    if rows := world.server.rows("outbox"):
        found.append(f"{len(rows)} unpublished")
    read = {TopicPartition(row.topic, row.partition): row.next_offset for row in world.server.rows("consumer_offsets")}
    ends = {place: len(log) for place, log in world.broker.logs.items() if place.topic == EVENTS}
    if any(read.get(place, 0) != end for place, end in ends.items()):
        found.append(f"read {sorted(read.values())} of {sorted(ends.values())}")
    if waiting := [key for key in person.waits() if key not in person.leaves]:
        found.append(f"held: {[(key, [(row.version, row.reason) for row in person.held(key)]) for key in waiting]}")
    stopped = [each.consumer.stopped_by for each in world.replicas if each.stop and each.consumer.stopped_by]
    if stopped:
        found.append(f"stopped by {stopped}")
    return found


def faults(world: World, person: Person) -> list[str]:
    """What is wrong, as sentences; empty where all is well."""
    said, found = _said(world)
    for key in sorted(world.writer.versions.keys() | said.keys()):
        found += _key(world, person, key, said.get(key, []))
    found += _held(world, person)
    found += world.wrong + world.loop.failures + QUIET.exceptions
    return found


def _said(world: World) -> tuple[dict[str, list[str]], list[str]]:
    """The causes of what was said of each key, in order of first appearance; and what is wrong with that."""
    found: list[str] = []
    first: dict[str, bytes | None] = {}
    causes: dict[str, list[str]] = defaultdict(list)
    repeated = 0
    for place, log in world.broker.logs.items():
        for record in log if place.topic == TOTALS else ():
            event: dict[str, Any] = orjson.loads(record.value or b"")
            if event["id"] in first:
                repeated += 1
                if first[event["id"]] != record.value:
                    found.append(f"I3: one id, two contents: {event['id']}")
                continue
            first[event["id"]] = record.value
            causes[event["subject"]].append(event["causationid"])
            if int(event["sequence"]) != len(causes[event["subject"]]):
                found.append(
                    f"I4: {event['subject']} said {event['sequence']} as number {len(causes[event['subject']])}"
                )
            if event["data"]["total"] != int(event["sequence"]):
                found.append(f"I5: {event['subject']} said {event['data']['total']} at version {event['sequence']}")
    if repeated and not world.faults:
        found.append(f"{repeated} said again without any fault")
    return causes, found


def _key(world: World, person: Person, key: str, causes: list[str]) -> list[str]:
    """Exactly what was sent has its effect, once and in order, less what was discarded or waits."""
    found = []
    writer = world.writer
    rows = [row for row in world.server.rows("held_events") if row.key == key]
    done = {person.written(row).event_id for row in rows if row.settled_at is not None}
    waiting = [person.written(row) for row in rows if row.settled_at is None]
    waiting = [written for written in waiting if written.event_id not in done]  # else it was sent twice
    gone = {person.written(row).event_id for row in rows if row.settled_how == "discarded"}
    gone |= {written.event_id for written in waiting}
    expected = [each.event_id for each in writer.of(key) if each.event_id not in gone]
    if causes != expected:
        found.append(f"I1-I4: {key} counted {causes}, expected {expected}")
    tally = world.server.tables["tallies"].rows.get(key)
    if (tally.total, tally.version) != (len(causes), len(causes)) if tally else causes:
        found.append(f"I5: {key} is {tally} after {len(causes)} events")
    lowest = min((each.version for each in waiting if each.kind not in (GARBAGE, CONFLICT)), default=0)
    seen = world.server.tables["seen_versions"].rows.get(("writer", key))
    last = lowest - 1 if lowest else writer.last(key)
    if (seen.version if seen else 0) != last:
        found.append(f"I4: the guard of {key} is at {seen}, expected {last}")
    return found


def _held(world: World, person: Person) -> list[str]:
    found = []
    keys = {row.key: row for row in world.server.rows("held_keys")}
    for key in sorted(keys.keys() | set(person.waits())):
        held = person.held(key)
        if not held or key not in keys:
            found.append(f"I7: {key} is {'held' if key in keys else 'free'}, and {len(held)} of its events wait")
        elif key not in person.leaves:
            found.append(f"I7: {key} is held for nothing")
        elif [row.kafka_offset for row in held] != sorted({row.kafka_offset for row in held}):
            found.append(f"I4: {key} is held out of order: {[row.kafka_offset for row in held]}")
        elif keys[key].retry_at is not None and keys[key].retry_at < world.server.now() - OVERDUE:
            found.append(f"I7: {key} is due since {keys[key].retry_at}, and nobody tries it")
    places = Counter((row.partition, row.kafka_offset) for row in world.server.rows("held_events"))
    found += [f"I3: {place} was held {count} times" for place, count in places.items() if count > 1]
    return found + [
        f"I7: {row.key} {row.version} was {row.settled_how}, {row.reason}"
        for row in world.server.rows("held_events")
        if not _settled_rightly(world, person, row)
    ]


def _settled_rightly(world: World, person: Person, row: HeldEvent) -> bool:
    written = person.written(row)
    if row.settled_how == "discarded":
        return row.id in person.discarded
    if row.settled_how == "retried":
        return written.counts or written.kind == IGNORED
    return row.settled_how is None or row.settled_how == "repeated"
