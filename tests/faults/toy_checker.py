"""Reads the toy's topics and tables itself, and says which invariants do not hold. Numbers as in the fault matrix."""

from collections import Counter, defaultdict
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.faults.toy_rig import ToyRig
from tests.infrastructure import fetch
from tests.integration.chassis.running import everything


async def settled(rig: ToyRig) -> bool:
    """I6 and I10: everything read, everything said, nothing held."""
    rows = await fetch(rig.address, _LEFT)
    for row in rows:
        assert row["outbox"] == 0, f"{row['outbox']} unpublished"
        assert row["held"] == 0, f"{row['held']} held"
    left = {place: end for place, end in (await _ends(rig)).items() if end}
    read = {row["partition"]: row["next_offset"] for row in rows if row["next_offset"]}
    assert read == left, f"read {read} of {left}"
    return True


async def faults(rig: ToyRig) -> list[str]:
    """What is not as it was promised, as sentences; empty where all is well."""
    sent = +rig.sent
    rows = await fetch(rig.address, "select tally, total, version from tallies")
    totals = {row["tally"]: row["total"] for row in rows}
    found = [
        f"I1-I3, I5: {key} was counted {totals.get(key, 0)} times of {count}"
        for key, count in sent.items()
        if totals.get(key, 0) != count
    ]
    found += [f"I2: {key} has no cause" for key in totals.keys() - sent.keys()]
    found += [f"I5: {row['tally']} has version {row['version']}" for row in rows if row["version"] != row["total"]]
    seen = await fetch(rig.address, "select aggregate_id, version from seen_versions where producer = 'writer'")
    found += [f"I4: guard of {row[0]} is at {row[1]}" for row in seen if row[1] != sent[row[0]]]
    said = [orjson.loads(value or b"") for _, value in await everything(rig.common, "toy-totals")]
    return found + _said(said, sent)


def repeated(said: list[dict[str, Any]]) -> int:
    return len(said) - len({event["id"] for event in said})


def _said(said: list[dict[str, Any]], sent: Counter[str]) -> list[str]:
    found: list[str] = []
    first: dict[str, dict[str, Any]] = {}
    versions: dict[str, list[int]] = defaultdict(list)
    for event in said:
        if event["id"] in first:
            if first[event["id"]] != event:
                found.append(f"I3: one id, two contents: {event['id']}")
            continue
        first[event["id"]] = event
        versions[event["subject"]].append(int(event["sequence"]))
        if event["data"]["total"] != int(event["sequence"]):
            found.append(f"I5: {event['subject']} said {event['data']['total']} at version {event['sequence']}")
    for key, count in sent.items():
        if versions[key] != list(range(1, count + 1)):
            found.append(f"I4: {key} said versions {versions[key]} of {count}")
    return found


async def _ends(rig: ToyRig) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        name = rig.common.topic_prefix + "toy-events"
        places = [TopicPartition(name, number) for number in range(rig.common.topic_partitions)]
        return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
    finally:
        await consumer.stop()


# One statement and so one moment: what is read between two of them has not been sent yet.
_LEFT = """
select (select count(*) from outbox) as outbox,
       (select count(*) from held_events where settled_at is null) as held,
       partition, next_offset
  from (values (1)) as always left join consumer_offsets on true"""
