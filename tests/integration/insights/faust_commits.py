"""What Faust's agents commit of ten events, one of which fails."""

import subprocess
import sys

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis import kafka
from chassis.ids import uuid7
from chassis.kafka import KafkaError
from chassis.settings import CommonSettings
from tests.eventually import eventually
from tests.infrastructure import ROOT, Infrastructure
from tests.integration.insights.faust_agents import KINDS

EVENTS = 10
CRASHING = "crashing"
SECONDS = 60.0
SETTLED = 5
"""So many looks in a row, half a second apart, find the same: ten commit intervals passed without another commit."""

Committed = dict[str, int]


class NothingCommitted(Exception):  # named after the fact
    """An agent has not come as far as to commit anything: nothing is shown."""


async def committed_by_all(infra: Infrastructure) -> Committed:
    """What each agent had committed when all of ten events had come to it: the offset it would go on from."""
    prefix = f"t{uuid7().hex[-10:]}-"
    common = CommonSettings(environment="test", kafka_bootstrap=infra.kafka, topic_prefix=prefix, topic_partitions=1)
    await kafka.create_topics(common, [(kind, 1) for kind in KINDS])
    sender = kafka.producer(common)
    await sender.start()
    for kind in KINDS:
        for number in range(EVENTS):
            await sender.send(prefix + kind, str(number).encode())
    await sender.stop()
    crashing = run(infra, prefix, CRASHING)  # which ends its process
    others = run(infra, prefix, *KINDS.keys() - {CRASHING})
    admin = AIOKafkaAdminClient(bootstrap_servers=infra.kafka)
    await admin.start()
    found: Committed = {}
    looks: list[Committed] = []

    async def all_have_committed() -> bool:
        for kind in KINDS:
            try:
                offsets = await admin.list_consumer_group_offsets(prefix + kind)
            except KafkaError as error:  # a group has its coordinator when its first member comes
                raise AssertionError(repr(error)) from error
            place = TopicPartition(prefix + kind, 0)
            found[kind] = offsets[place].offset if place in offsets else -1
        assert {kind for kind, offset in found.items() if offset <= 0} == set(), found
        assert crashing.poll() is not None, "has not ended, and may commit as it does"
        looks.append(dict(found))
        return looks[-SETTLED:] == [found] * SETTLED

    try:
        await eventually(all_have_committed, within=SECONDS, every=0.5)
    except AssertionError as none:  # would count as the failure that is expected
        raise NothingCommitted from none
    finally:
        for process in (crashing, others):
            process.kill()
            process.wait(10)
        await admin.close()
    return found


def run(infra: Infrastructure, prefix: str, *kinds: str) -> "subprocess.Popen[bytes]":
    """A process with those agents."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.insights.faust_agents", infra.kafka, prefix, *kinds],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
