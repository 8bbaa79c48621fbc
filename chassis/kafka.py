"""Kafka clients with our defaults, topics, and the names that a prefix sets apart."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code

from chassis.settings import CommonSettings

SESSION_MS = 10_000
REBALANCE_MS = 30_000
POLL_INTERVAL_MS = 120_000
ADMIN_SECONDS = 30.0
LEAVE_SECONDS, END_SECONDS = 5.0, 2.0
DAY_MS = 24 * 3600 * 1000


def _send(connection: Any, request: Any, expect_response: Any = True, *, send: Any = AIOKafkaConnection.send) -> Any:
    """As the client's own, which expects OSError where a connection is closed. uvloop raises RuntimeError there: what
    keeps the client's metadata up to date dies of it, and the client waits for news for ever and says nothing."""
    try:
        return send(connection, request, expect_response)
    except RuntimeError as error:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"connection at {connection.host}:{connection.port} is closed") from error


AIOKafkaConnection.send = _send


def producer(common: CommonSettings) -> AIOKafkaProducer:
    """Idempotent, acks=all. A wait on it needs a deadline of ours: it retries for ever."""
    return AIOKafkaProducer(
        bootstrap_servers=common.kafka_bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=1,
        max_batch_size=128 * 1024,
        request_timeout_ms=10_000,
        retry_backoff_ms=50,
    )


def consumer(common: CommonSettings, group: str) -> AIOKafkaConsumer:
    """No auto commit and no reset: where to read from is our own offsets' word, and nothing may skip."""
    return AIOKafkaConsumer(
        bootstrap_servers=common.kafka_bootstrap,
        group_id=common.topic_prefix + group,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=SESSION_MS // 4,
        rebalance_timeout_ms=REBALANCE_MS,
        max_poll_interval_ms=POLL_INTERVAL_MS,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_max_wait_ms=500,
        retry_backoff_ms=100,
        metadata_max_age_ms=10_000,  # so soon is a topic noticed that was recreated under us
        partition_assignment_strategy=(RoundRobinPartitionAssignor,),
    )


def reader(common: CommonSettings) -> AIOKafkaConsumer:
    """Looks at topics beside those who handle them: no group, nothing committed."""
    return AIOKafkaConsumer(
        bootstrap_servers=common.kafka_bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        max_partition_fetch_bytes=1024 * 1024,
    )


async def partitions(common: CommonSettings, topics: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the partitions of those topics that there are. Raises KafkaError, TimeoutError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=common.kafka_bootstrap)
    async with asyncio.timeout(ADMIN_SECONDS):
        await admin.start()
        try:
            found = await admin.describe_topics(list(topics))
        finally:
            await admin.close()
    return {each["topic"]: sorted(one["partition"] for one in each["partitions"]) for each in found}


async def abandon(client: Any) -> None:
    """Ends a producer without sending what is left in it; its own stop() would wait for the broker for ever."""
    with suppress(Exception):
        if client._sender is not None:
            async with asyncio.timeout(END_SECONDS):
                await client._sender.close()  # waits for the requests under way, that a silent broker does not answer
    await _within(client.client.close())
    client._closed = True


async def leave(client: Any) -> None:
    """Ends a consumer; where the broker does not answer its farewell, without one."""
    with suppress(Exception):
        async with asyncio.timeout(LEAVE_SECONDS):
            await client.stop()
            return
    # Without a group there is less to end; each part is missing where its start did not come so far.
    for part, end in _ENDS:
        if (close := getattr(getattr(client, part), end, None)) is not None:
            await _within(close())


_ENDS = (
    ("_coordinator", "_stop_heartbeat_task"),
    ("_coordinator", "_stop_commit_offsets_refresh_task"),
    ("_fetcher", "close"),
    ("_client", "close"),
)


def ask(client: Any, least_bytes: int, seconds: float) -> None:
    """The next fetches of a consumer wait at the broker until so much is there, or so long. The client knows this only
    from its start on; each of its fetches reads these two anew."""
    fetcher = client._fetcher
    fetcher._fetch_min_bytes, fetcher._fetch_max_wait_ms = least_bytes, int(1000 * seconds)


async def _within(end: Awaitable[None]) -> None:
    with suppress(Exception):
        async with asyncio.timeout(END_SECONDS):
            await end


@dataclass(frozen=True, slots=True)
class Clients:
    """Makes and ends the clients of a service's loops. A simulation hands in clients of its model broker."""

    consumer: Callable[[CommonSettings, str], Any] = consumer
    producer: Callable[[CommonSettings], Any] = producer
    abandon: Callable[[Any], Awaitable[None]] = abandon
    leave: Callable[[Any], Awaitable[None]] = leave
    ask: Callable[[Any, int, float], None] = ask


async def create_topics(common: CommonSettings, topics: Iterable[tuple[str, int]]) -> list[str]:
    """Creates the missing of these (topic, days kept) and answers their names. Raises KafkaError where refused."""
    admin = AIOKafkaAdminClient(bootstrap_servers=common.kafka_bootstrap)
    async with asyncio.timeout(ADMIN_SECONDS):
        await admin.start()
        try:
            there = set(await admin.list_topics())
            wanted = [
                NewTopic(
                    common.topic_prefix + name,
                    common.topic_partitions,
                    common.topic_replication,
                    topic_configs={"retention.ms": str(days * DAY_MS), "cleanup.policy": "delete"},
                )
                for name, days in topics
                if common.topic_prefix + name not in there
            ]
            if wanted:
                _check(await admin.create_topics(wanted))
            return [topic.name for topic in wanted]
        finally:
            await admin.close()


def _check(response: object) -> None:
    for name, code, *_ in response.topic_errors:  # type: ignore[attr-defined]  # aiokafka has no types
        if code not in (0, 36):  # 36: another process was quicker
            raise for_code(code)(name)


__all__ = ["AIOKafkaConsumer", "AIOKafkaProducer", "ConsumerRebalanceListener", "KafkaError"]
