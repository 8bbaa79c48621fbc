"""Kafka on this machine: what was acknowledged is there after kill -9, on the same port and on another."""

import re
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from aktivera.local.kafka import KafkaCannotRun, KafkaNode, find_java
from aktivera.local.launch import launch
from aktivera.local.ports import free_port

pytestmark = pytest.mark.timeout(240)


async def create(node: KafkaNode, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=node.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()


async def produce(node: KafkaNode, topic: str, value: bytes) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=node.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        return int((await producer.send_and_wait(topic, value, partition=0)).offset)
    finally:
        await producer.stop()


async def consume(node: KafkaNode, topic: str, count: int) -> list[bytes]:
    consumer = AIOKafkaConsumer(bootstrap_servers=node.bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        await consumer.seek_to_beginning()
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_records_are_there_after_kill_9_and_after_a_move_to_other_ports(kafka: KafkaNode, tmp_path: Path) -> None:
    kafka.prepare()
    process = launch(kafka.spec(), tmp_path / "log")
    try:
        await kafka.ready()
        await create(kafka, "facts")
        assert await produce(kafka, "facts", b"one") == 0
        process.kill()
        process.wait(10)

        kafka.prepare()
        process = launch(kafka.spec(), tmp_path / "log")
        await kafka.ready()
        assert await produce(kafka, "facts", b"two") == 1
        process.send_signal(signal.SIGTERM)
        process.wait(30)

        moved = replace(kafka, port=free_port(), controller_port=free_port())
        moved.prepare()
        process = launch(moved.spec(), tmp_path / "log")
        await moved.ready()
        assert await consume(moved, "facts", 2) == [b"one", b"two"]
    finally:
        process.kill()
        process.wait(10)
    assert "started" in (tmp_path / "log" / "kafka.log").read_text()


def test_the_logging_bridge_is_of_the_broker_s_own_log4j(jars: Path) -> None:
    versions = {re.search(r"-([\d.]+)\.jar$", jar.name)[1] for jar in jars.glob("log4j-*.jar")}  # type: ignore[index]
    assert len(versions) == 1
    assert list(jars.glob("log4j-slf4j-impl-*.jar"))


def test_an_old_or_missing_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(KafkaCannotRun, match="no java in JAVA_HOME or on the PATH"):
        find_java({"PATH": str(tmp_path)})
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(KafkaCannotRun, match="is version 11"):
        find_java({"PATH": str(tmp_path)})
