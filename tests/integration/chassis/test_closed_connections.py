"""A connection to Kafka that closes under a request is told as Kafka's clients expect it, also on uvloop."""

import asyncio

import pytest
import uvloop
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

import chassis.kafka
from tests.infrastructure import Infrastructure


async def test_a_request_on_a_closed_connection_fails_as_one_on_a_broken_connection(infra: Infrastructure) -> None:
    """Red where uvloop's RuntimeError comes through: the task that keeps a client's metadata up to date ends by it, and
    a consumer of that client waited for offsets for ever."""
    assert chassis.kafka.AIOKafkaConsumer, "the services' clients are made there"
    host, _, port = infra.kafka.partition(":")

    async def ask() -> None:
        connection = await create_conn(host, int(port))
        connection._read_task.cancel()  # who reads has not noticed yet
        connection._writer.transport.abort()
        for _ in range(10):
            await asyncio.sleep(0)
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()

    await asyncio.to_thread(uvloop.run, ask())
