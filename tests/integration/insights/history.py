"""An invented past: mixed events with repeats and disorder, broken ones and wrong clocks; and the truth in SQL."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import orjson

from chassis.clock import system_clock
from chassis.ids import uuid7
from chassis.kafka import producer
from chassis.settings import CommonSettings
from schemas.catalogue import CATALOGUE
from tests.infrastructure import ROOT

TYPES = {
    "client.created": "created",
    "activation.listed": "listed",
    "activation.activated": "activated",
    "activation.configured": "configured",
    "activation.cancelled": "cancelled",
    "email.sent": "mails.sent",
    "email.failed": "mails.failed",
    "email.unknown": "mails.unknown",
    "onboarding.rejected": "rejections.",
}
UNCOUNTED = ("client.updated", "licences.changed", "notification.raised", "onboarding.accepted")
CODES = ("wrong_source", "organisation_exists", "identity_must_be_encrypted")
STAGES = {"activation.listed": ("listed_at", 3.0), "activation.activated": ("activated_at", 3000.0)}

TRUTH = "(event text primary key, at timestamptz, agency text, what text, stage text, seconds double precision)"

Record = tuple[str, bytes, bytes | None]
Row = tuple[str, datetime, str, str, str | None, float | None]


def example(name: str) -> dict[str, Any]:
    """The example of a type, to be changed."""
    path = ROOT / "schemas" / "examples" / name / "minimal.json"
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


@dataclass
class History:
    """`records` are (topic without prefix, key, value) in the order of sending; `rows` is what must be counted."""

    records: list[Record]
    rows: list[Row]
    uncounted: int

    async def send(self, common: CommonSettings) -> None:
        sender = producer(common)
        await sender.start()
        for topic, key, value in self.records:
            await sender.send(common.topic_prefix + topic, value, key=key)
        await sender.flush()
        await sender.stop()

    async def store(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        await connection.execute(f"create temporary table truth {TRUTH}")
        await connection.copy_records_to_table("truth", records=self.rows)


class Past:
    """Makes events, in any number: the same seed makes the same kinds at the same distances from `now`."""

    def __init__(self, seed: int, agencies: int = 20, hours: float = 46.0) -> None:
        self._chance = random.Random(seed)
        self._now = system_clock()
        self._agencies = [f"byra-{number}" for number in range(agencies)]
        self._hours = hours
        self._templates = {name: example(name) for name in (*TYPES, *UNCOUNTED)}

    def one(self, name: str, at: datetime | None = None) -> tuple[Record, Row]:
        """An event of that type, and what of it counts."""
        event = self._templates[name]
        at = at or self._now - timedelta(seconds=self._chance.uniform(1, self._hours * 3600))
        agency = self._chance.choice(self._agencies)
        client, data = uuid7(), event["data"]
        event |= {"id": str(uuid7()), "time": at.isoformat(), "subject": str(client)}
        data["agency"] = agency
        if "client_id" in data:
            data["client_id"] = str(client)
        what, seconds, stage = TYPES.get(name, ""), None, None
        if name == "onboarding.rejected":
            data["code"] = self._chance.choice(CODES)
            what += data["code"]
        if name in STAGES:
            field, usual = STAGES[name]
            seconds, stage = round(self._chance.lognormvariate(0, 1.5) * usual, 6), what
            created = at - timedelta(seconds=seconds)
            data |= {"created_at": created.isoformat(), "listed_at": at.isoformat(), field: at.isoformat()}
            seconds = (at - created) / timedelta(seconds=1)
        kind = CATALOGUE.find(event["type"])
        assert kind is not None
        record = (kind.topic, str(client).encode(), orjson.dumps(event))
        return record, (event["id"], at, agency, what, stage, seconds)

    def history(self, counted: int, repeated: float = 0.05) -> History:
        """`counted` different events that count; more that do not; some of all twice; neighbours in any order."""
        kept = [self.one(self._chance.choice(list(TYPES))) for _ in range(counted)]
        records = [record for record, _ in kept]
        records += self._chance.sample(records, int(counted * repeated))
        uncounted = [*self._uncounted(counted // 100)]
        records += uncounted
        self._chance.shuffle(records)
        return History(records, [row for _, row in kept], len(uncounted))

    def _uncounted(self, each: int) -> Iterator[Record]:
        days = timedelta(days=5)
        for number in range(each):
            name = self._chance.choice(list(TYPES))
            yield self.one(name, self._now + days)[0]
            yield self.one(name, self._now - days)[0]
            yield self.one(UNCOUNTED[number % len(UNCOUNTED)])[0]
            topic, key, value = self.one(name)[0]
            assert value is not None
            yield topic, key, None
            yield topic, key, value[: self._chance.randrange(len(value))]  # cut: no JSON any more
            event = orjson.loads(value)
            event["data"] = {}
            yield topic, key, orjson.dumps(event)
