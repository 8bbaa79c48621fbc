"""Reads topics, tables and the mail sink directly and says what the promises were not kept for."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.infrastructure import fetch
from tests.system.rig import Rig

TOPICS = ("agency-events", "client-events", "activation-events", "notification-events", "onboarding-results")


@dataclass
class Found:
    """What the checker saw. `faults` is empty where every promise was kept."""

    clients: int = 0
    mails: int = 0
    unknown: int = 0
    repeated: int = 0
    faults: list[str] = field(default_factory=list)

    def expect(self, fact: bool, fault: str) -> None:
        if not fact:
            self.faults.append(fault)


async def events(rig: Rig, topic: str) -> list[dict[str, Any]]:
    """All events of a topic, in the order of each partition."""
    name = rig.common.topic_prefix + topic
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(name, number) for number in range(rig.common.topic_partitions)]
        consumer.assign(places)
        found = []
        for place, end in (await consumer.end_offsets(places)).items():
            consumer.seek(place, 0)
            while end and await consumer.position(place) < end:
                for records in (await consumer.getmany(place, timeout_ms=500)).values():
                    found += [orjson.loads(record.value) for record in records]
        return found
    finally:
        await consumer.stop()


async def settled(rig: Rig) -> bool:
    """Nothing is under way any more: outboxes empty, all read to the end, no mail to send.

    Each database is asked once, and so for one moment; the topics after them all. Where a database had read what they
    have by then, nothing came after its moment.
    """
    handled = {name: await _handled(name, address) for name, address in rig.databases.items()}
    ends = await _ends(rig)
    reads = {
        "activation": ("agency-events", "client-events"),
        "notifier": ("agency-events", "client-events", "activation-events", "notification-events"),
        "onboarding": ("activation-events", "onboarding-requests"),
    }
    for name, topics in reads.items():
        for topic in topics:
            read = handled[name].get(rig.common.topic_prefix + topic, 0)
            assert read == ends[topic], f"{name} read {read} of {ends[topic]} of {topic}"
    return True


async def _handled(name: str, address: str) -> dict[str, int]:
    """Topic → how much of it is handled, where nothing is left to be sent."""
    mails = "(select count(*) from emails where state not in ('sent', 'failed', 'unknown'))"
    rows = await fetch(
        address,
        f"""select (select count(*) from outbox) as outbox, {mails if name == "notifier" else "0"} as mails, topic, n
              from (values (1)) as always
              left join (select topic, sum(next_offset)::int as n from consumer_offsets group by 1) as read on true""",
    )
    for row in rows:
        assert row["outbox"] == 0, f"{name}: {row['outbox']} unpublished"
        assert row["mails"] == 0, f"{row['mails']} mails under way"
    return {row["topic"]: row["n"] for row in rows if row["topic"]}


async def _ends(rig: Rig) -> dict[str, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.common.kafka_bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        ends: dict[str, int] = {}
        for topic in (*TOPICS, "onboarding-requests"):
            name = rig.common.topic_prefix + topic
            places = [TopicPartition(name, number) for number in range(rig.common.topic_partitions)]
            ends[topic] = sum((await consumer.end_offsets(places)).values())
        return ends
    finally:
        await consumer.stop()


async def check(rig: Rig, acknowledged: Iterable[str]) -> Found:
    """`acknowledged` are the ids of the clients for which the API answered 201."""
    found = Found()
    wanted = set(acknowledged)
    clients = {
        str(row["client_id"]) for row in await fetch(rig.databases["onboarding"], "select client_id from clients")
    }
    found.clients = len(clients)
    found.expect(wanted <= clients, f"lost: {len(wanted - clients)} acknowledged clients are not stored")
    await _activations(rig, clients, found)
    await _mails(rig, clients, found)
    await _bells(rig, clients, found)
    await _topics(rig, clients, found)
    await _answers(rig, found)
    await _told(rig, clients, found)
    for name, address in rig.databases.items():
        rows = await fetch(address, "select reason from held_events where settled_at is null")
        found.expect(not rows, f"{name} holds {Counter(row['reason'] for row in rows)}")
    return found


async def _activations(rig: Rig, clients: set[str], found: Found) -> None:
    rows = await fetch(rig.databases["activation"], "select client_id from activations")
    listed = Counter(str(row["client_id"]) for row in rows)
    found.expect(
        set(listed) == clients,
        f"{len(clients - set(listed))} clients not listed, {len(set(listed) - clients)} too many",
    )
    licences = await fetch(
        rig.databases["activation"], "select client_id, sum(purchased)::int as n from licences group by 1"
    )
    found.expect(all(row["n"] == 3 for row in licences), "licence counts differ from what was ordered")
    found.expect(len(licences) == len(clients), f"{len(licences)} clients have licences, of {len(clients)}")


async def _mails(rig: Rig, clients: set[str], found: Found) -> None:
    rows = await fetch(rig.databases["notifier"], "select client_id, state, recipient from emails")
    per_client = Counter(str(row["client_id"]) for row in rows)
    found.expect(set(per_client) == clients, f"{len(clients - set(per_client))} clients without a mail")
    found.expect(all(n == 1 for n in per_client.values()), "a client has two mails")
    states = {row["recipient"]: row["state"] for row in rows}
    found.mails = sum(state == "sent" for state in states.values())
    found.unknown = sum(state == "unknown" for state in states.values())
    found.expect(found.mails + found.unknown == len(rows), f"mails in other states: {Counter(states.values())}")
    arrived = Counter(str(address) for mail in rig.mails() for address in mail["to"])
    for recipient, state in states.items():
        copies = arrived[recipient]
        found.expect(copies == 1 or (state == "unknown" and copies == 0), f"{copies} copies of a mail that is {state}")


async def _bells(rig: Rig, clients: set[str], found: Found) -> None:
    rows = await fetch(
        rig.databases["notifier"],
        "select b.client_id, b.kind, n.sub from notifications n join bells b on b.id = n.bell_id",
    )
    per_user = Counter((str(row["client_id"]), row["kind"], row["sub"]) for row in rows)
    found.expect({client for client, kind, _ in per_user if kind == "client_listed"} == clients, "a client has no bell")
    found.expect(all(n == 1 for n in per_user.values()), "a user has two bells for one fact")
    unknown = await fetch(rig.databases["notifier"], "select client_id from emails where state = 'unknown'")
    found.expect(
        {client for client, kind, _ in per_user if kind != "client_listed"}
        == {str(row["client_id"]) for row in unknown},
        f"bells that tell neither a listing nor a mail of unknown fate: {Counter(kind for _, kind, _ in per_user)}",
    )


async def _topics(rig: Rig, clients: set[str], found: Found) -> None:
    for topic in TOPICS:
        said = await events(rig, topic)
        by_id: dict[str, dict[str, Any]] = {}
        versions: dict[tuple[str, str], list[int]] = defaultdict(list)
        for event in said:
            if event["id"] in by_id:
                found.repeated += 1
                found.expect(by_id[event["id"]] == event, f"{topic}: one id, two contents")
                continue
            by_id[event["id"]] = event
            if "sequence" in event:
                versions[event["source"], event["subject"]].append(int(event["sequence"]))
        for (_, subject), numbers in versions.items():
            expected = list(range(1, len(numbers) + 1))
            found.expect(numbers == expected, f"{topic}: versions of {subject} are {numbers}")
        if topic == "client-events":
            created = [event["subject"] for event in by_id.values() if event["type"] == "se.aktivera.client.created.v1"]
            found.expect(sorted(created) == sorted(clients), "client.created differs from the clients stored")


async def _answers(rig: Rig, found: Found) -> None:
    """Each request that was sent as an event got accepted and listed, and nothing else."""
    sent = {event["id"] for event in await events(rig, "onboarding-requests")}
    told: dict[str, set[str]] = defaultdict(set)
    for event in await events(rig, "onboarding-results"):
        told[event["data"]["request_id"]].add(event["type"].split(".")[-2])
    found.expect(set(told) == sent, f"{len(sent - set(told))} requests without an answer")
    odd = [answers for answers in told.values() if answers != {"accepted", "listed"}]
    found.expect(not odd, f"{len(odd)} requests were answered otherwise, e.g. {odd[:1]}")
    rows = await fetch(rig.databases["onboarding"], "select status, count(*)::int as n from clients group by 1")
    found.expect([row["status"] for row in rows] == ["listed"], f"onboarding knows {[dict(row) for row in rows]}")


async def _told(rig: Rig, clients: set[str], found: Found) -> None:
    """One outcome of each mail and one bell of each fact are told to the world, by their events' ids."""
    said = {event["id"]: event for event in await events(rig, "notification-events")}.values()
    mails = Counter(event["subject"] for event in said if ".email." in event["type"])
    bells = Counter((event["subject"], event["data"]["kind"]) for event in said if ".notification." in event["type"])
    unclear = {event["subject"] for event in said if event["type"] == "se.aktivera.email.unknown.v1"}
    for client in clients:
        found.expect(mails[client] == 1, f"{mails[client]} outcomes of one client's mail are told")
    wanted = [(client, "client_listed") for client in clients] + [(client, "email_unknown") for client in unclear]
    odd = {each: bells[each] for each in {*wanted, *bells} if bells[each] != (each in wanted)}
    found.expect(not odd, f"{len(odd)} bells are told otherwise than once each, e.g. {list(odd.items())[:1]}")
