"""The events of a run: client.created as activation gets it from onboarding, some of them twice, some that fail."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from confluent_kafka import Producer

from chassis.ids import uuid7
from schemas.envelope import CONTENT_TYPE

REPEATED = 0.02
WITHIN = 3000  # a repeat comes at most that many events after the first
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TIME = "2026-03-02T08:15:30.123456Z"
CREATED = b"se.aktivera.client.created.v1"


@dataclass(frozen=True, slots=True)
class Message:
    """A record before it has a place."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


def created(number: int, client_id: str | None = None, name: str | None = None, time: str = TIME) -> Message:
    """A new client with two licences."""
    return client_event("client.created", client_id or str(uuid7()), 1, number, name or f"Bolaget {number} AB", time)


def client_event(kind: str, client_id: str, version: int, number: int, name: str, time: str = TIME) -> Message:
    """An event that carries a client, as onboarding writes it."""
    event_id = str(uuid7())
    wire_type = f"se.aktivera.{kind}.v1"
    sub = f"konsult-{number % 40}"
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/aktivera/onboarding",
        "type": wire_type,
        "subject": client_id,
        "time": time,
        "datacontenttype": "application/json",
        "correlationid": f"c-{event_id}",
        "sequence": str(version),
        "traceparent": TRACE,
        "data": {
            "client_id": client_id,
            "agency": f"byra-{number % 50}",
            "name": name,
            "identity_kind": "organisation",
            "protected_identity": False,
            "origin": "api",
            "test": False,
            "access": {"program_access": True, "invoice_recipient": "agency", "invoice_interval": "month"},
            "counts": {"bookkeeping": 1 + number % 5, "invoicing": 1},
            "confirmation_email": f"info{number}@example.se",
            "locale": "sv",
            "created_at": TIME,
            "created_by": {"sub": sub, "name": f"Konsult {number % 40}"},
        },
    }
    headers = (("ce_type", wire_type.encode()), ("ce_id", event_id.encode()), ("content-type", CONTENT_TYPE.encode()))
    return Message(client_id.encode(), orjson.dumps(envelope), headers)


def stream(events: int, poison: float = 0.0, seed: int = 1) -> Iterator[Message]:
    """`events` records: new clients, 2 % of them repeated, and a share that decide refuses (a client nobody knows)."""
    dice = random.Random(seed)
    last: list[Message] = []
    for number in range(events):
        chance = dice.random()
        if chance < REPEATED and last:
            yield last[dice.randrange(len(last))]
            continue
        if chance > 1 - poison:
            yield client_event("client.updated", str(uuid7()), 1, number, "Okänd AB")
            continue
        message = created(number)
        if len(last) < WITHIN:
            last.append(message)
        else:
            last[number % WITHIN] = message
        yield message


def noting(messages: Iterable[Message], keys: set[bytes]) -> Iterator[Message]:
    """The same messages; their keys are noted."""
    for message in messages:
        keys.add(message.key)
        yield message


def fill(bootstrap: str, topic: str, messages: Iterable[Message]) -> int:
    """Writes messages to a topic and answers how many, once the broker has all of them."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # as Java and aiokafka
            "linger.ms": 20,
            "batch.size": 512 * 1024,
            "queue.buffering.max.messages": 500_000,
        }
    )
    count = 0
    for message in messages:
        producer.produce(topic, message.value, message.key, headers=list(message.headers))
        count += 1
        if count % 5000 == 0:
            producer.poll(0)
    if producer.flush(60):
        raise TimeoutError(f"{topic} was not filled")
    return count
