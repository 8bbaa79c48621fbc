"""A service in this process that hears records as its consumer would: held where they cannot be handled."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from aiokafka import TopicPartition

from chassis import announce, consumer_offsets
from chassis.batch import handle_batch
from chassis.breaker import Breaker
from chassis.jobs import run_job
from chassis.reading import Reading
from chassis.retrier import Retrier
from schemas.envelope import Envelope
from tests.integration.in_process import Heard, InProcess


@dataclass(frozen=True)
class Resident(InProcess):
    """Adds a consumer's handling, the retrier, the announce job, and an operator's requests."""

    async def handle(self, *heard: Heard | Envelope[Any]) -> None:
        """Handles events of one topic as one batch at the next offsets."""
        records = [each if isinstance(each, Heard) else Heard.of(each) for each in heard]
        place = (records[0].topic, 0)
        await consumer_offsets.start(self.context.database, place, 0)
        at = (await consumer_offsets.read(self.context.database, [place]))[place].next_offset
        batch = [replace(each, offset=at + number) for number, each in enumerate(records)]
        subscriptions = self.context.subscriptions
        items = await Reading(subscriptions, self.context.service.catalogue).items({TopicPartition(*place): batch})
        await handle_batch(self.context, subscriptions, items, Breaker())

    async def retry(self) -> None:
        """Whatever is due is tried."""
        context = self.context
        retrier = Retrier(context.database, context.subscriptions, context.service.catalogue, context.seal)
        while await retrier.once():
            pass

    async def order(self, path: str, **body: Any) -> dict[str, Any]:
        """An operator's request that must succeed."""
        headers = self.token("op", roles=["operator"])
        answer = await self.http.post(f"/v1/operations/{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    async def announce(self, aggregates: str | Sequence[str], **more: Any) -> list[dict[str, Any]]:
        """Orders an announcement and carries it out; answers the snapshots that are in the outbox then."""
        await self.order("announce", aggregates=aggregates, dry_run=False, **more)
        await self.carry_out()
        return [event for event in await self.said() if ".snapshot." in event["type"]]

    async def carry_out(self) -> int:
        return await run_job(self.context.database, announce.job(self.context.service.announcers))

    async def held(self) -> list[tuple[str, str | None]]:
        """The reason of each held event, and how it was settled."""
        rows = await self.rows("select reason, settled_how from held_events order by id")
        return [(row["reason"], row["settled_how"]) for row in rows]


def heard(event: dict[str, Any], topic: str) -> Heard:
    """An event of an outbox as its reader gets it."""
    headers = (("ce_type", event["type"].encode()), ("ce_id", event["id"].encode()))
    return Heard(topic, orjson.dumps(event), event["subject"].encode(), headers)
