"""PROMISE: a lost topic, a lost beginning and a database set back are noticed, named, and healed by commands."""

from collections import Counter
from typing import Any

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from aktivera.local.postgres.dumps import dump, replace
from aktivera.local.set_back import hold_mails
from chassis import kafka
from chassis.ids import uuid7
from chassis.settings import environment
from services.notifier.__main__ import SERVICE as NOTIFIER
from tests.eventually import eventually
from tests.infrastructure import fetch
from tests.system.numbers import organisation_numbers
from tests.system.operator import Operator
from tests.system.rig import Rig
from tests.system.test_road import activation, request

NUMBERS = organisation_numbers()


@pytest.fixture
def operator(rig: Rig) -> Operator:
    return Operator(rig)


async def by_api(rig: Rig, email: str) -> str:
    async with httpx.AsyncClient(base_url=rig.url("onboarding"), headers=rig.token("karin"), timeout=15) as client:
        answer = await client.post("/v1/clients", json=request(next(NUMBERS), f"Bolag {email}", email))
        assert answer.status_code == 201, answer.text
        client_id: str = answer.json()["client_id"]
        return client_id


async def by_event(rig: Rig, email: str) -> None:
    body = request(next(NUMBERS), f"Bolag {email}", email) | {"agency": "byra-ett"}
    event = {"specversion": "1.0", "id": str(uuid7()), "source": "/upstream/demo", "data": body}
    event["type"] = "se.aktivera.onboarding.requested.v1"
    async with AIOKafkaProducer(bootstrap_servers=rig.common.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(rig.common.topic_prefix + "onboarding-requests", orjson.dumps(event))


async def mailed(rig: Rig, *addresses: str, within: float = 30) -> None:
    """Waits until each of these has its mail; nobody has two."""

    async def probe() -> bool:
        counts = Counter(str(mail["to"]).strip("[]'\"") for mail in rig.mails())
        assert not [each for each, count in counts.items() if count > 1], counts
        missing = [each for each in addresses if not any(each in to for to in counts)]
        assert not missing, missing
        return True

    await eventually(probe, within)


async def recreate(rig: Rig, name: str) -> None:
    """Deletes a topic and makes it anew."""
    topic = rig.common.topic_prefix + name
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.common.kafka_bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, within=20)
    finally:
        await admin.close()
    await kafka.create_topics(rig.common, [(name, 1)])


async def lose_beginning(rig: Rig, name: str) -> None:
    """What retention does: all that the topic holds now is gone, and its offsets go on."""
    topic = rig.common.topic_prefix + name
    admin = AIOKafkaAdminClient(bootstrap_servers=rig.common.kafka_bootstrap)
    reader = kafka.reader(rig.common)
    await admin.start()
    await reader.start()
    try:
        numbers = (await kafka.partitions(rig.common, [topic]))[topic]
        ends = await reader.end_offsets([TopicPartition(topic, number) for number in numbers])
        await admin.delete_records({place: RecordsToDelete(end) for place, end in ends.items() if end})
    finally:
        await reader.stop()
        await admin.close()


def end(rig: Rig, service: str) -> None:
    """An orderly end of the service's only replica."""
    (replica,) = [each for each in rig.replicas if each.service == service]
    replica.process.terminate()
    assert replica.process.wait(15) == 0
    rig.replicas.remove(replica)


async def listed(rig: Rig, client_id: str) -> dict[str, Any]:
    return await eventually(lambda: activation(rig, client_id), within=30)


@pytest.mark.timeout(240)
async def test_a_recreated_topic_is_named_accepted_and_what_it_lost_is_announced(rig: Rig, operator: Operator) -> None:
    first = await by_api(rig, "first@example.se")
    await mailed(rig, "first@example.se")
    end(rig, "activation")
    lost = await by_api(rig, "lost@example.se")
    await eventually(lambda: _published(rig, "onboarding"), within=15)
    await recreate(rig, "client-events")
    later = await by_api(rig, "later@example.se")
    rig.launch("activation")
    await operator.stopped("activation", "TopicChanged")
    tried = await operator.does("offsets", "accept", "activation", "client-events", "--reason", "tried")
    assert "TopicChanged" in tried
    assert "aktivera announce onboarding" in tried
    await operator.stopped("activation", "TopicChanged")  # a dry run changes nothing
    await operator.does(
        "offsets", "accept", "activation", "client-events", "--reason", "recreated by mistake", "--for-real"
    )
    await listed(rig, later)
    await operator.stopped("notifier", "TopicChanged", within=90)  # it hears there whom to forget
    await operator.does(
        "offsets", "accept", "notifier", "client-events", "--reason", "recreated by mistake", "--for-real"
    )
    accepted = await fetch(rig.databases["activation"], "select * from offset_acceptances")
    assert {(row["fact"], row["reason"]) for row in accepted} == {("TopicChanged", "recreated by mistake")}
    await eventually(lambda: operator.sees_missing(activation=[lost]), within=40, every=1)  # the notifier reads again
    await operator.does("announce", "onboarding", "--for-real")
    await listed(rig, lost)
    await operator.reads_again()
    assert await operator.differences() == []
    await _plant_differences(rig, first)
    found = {f"{each['reader']}.{each['projection']}": each["missing"] for each in await operator.differences()}
    assert {place: ids for place, ids in found.items() if ids} == {
        "activation.agencies": ["byra-ett"],
        "activation.clients": [first],
    }
    await eventually(lambda: _reconciled(operator), within=60, every=1)
    await listed(rig, first)
    await operator.does("rebuild", "activation.agencies", "--for-real")
    await eventually(lambda: _consultants(rig), within=20)
    await mailed(rig, "first@example.se", "lost@example.se", "later@example.se")


@pytest.mark.timeout(240)
async def test_a_topic_recreated_under_a_running_reader_is_noticed(rig: Rig, operator: Operator) -> None:
    for number in range(6):
        await by_api(rig, f"c{number}@example.se")
    await mailed(rig, *(f"c{number}@example.se" for number in range(6)))
    await recreate(rig, "client-events")
    await by_api(rig, "after@example.se")
    for reader in ("activation", "notifier"):
        await operator.stopped(reader, "TopicChanged", within=90)
        await operator.does("offsets", "accept", reader, "client-events", "--reason", "cut", "--for-real")
    await mailed(rig, "after@example.se", within=40)
    await operator.reads_again()
    assert await operator.differences() == []


@pytest.mark.timeout(240)
async def test_a_reader_that_comes_after_the_beginning_is_gone_learns_all_and_mails_nobody_twice(
    rig: Rig, operator: Operator
) -> None:
    client_id = await by_api(rig, "old@example.se")
    await by_api(rig, "older@example.se")
    await mailed(rig, "old@example.se", "older@example.se")
    await operator.reads_again()
    end(rig, "notifier")
    rig.databases["notifier"] = await rig.infra.database(NOTIFIER)
    await lose_beginning(rig, "activation-events")
    rig.launch("notifier")
    await operator.stopped("notifier", "HistoryMissing")
    await operator.does("mail", "hold", "--why", "a new database", "--for-real")
    await operator.does("offsets", "accept", "notifier", "activation-events", "--reason", "cut", "--for-real")
    await operator.does("announce", "activation", "--for-real")
    await operator.reads_again()
    assert "mails are held" in await operator.does("mail", "list", "--would-send")
    bells = await fetch(rig.databases["notifier"], "select client_id::text from bells")
    assert client_id in {row["client_id"] for row in bells}
    states = await fetch(rig.databases["notifier"], "select distinct state from emails")
    assert [row["state"] for row in states] == ["sent"]
    await operator.does("mail", "release", "--for-real")
    await by_api(rig, "new@example.se")
    await mailed(rig, "old@example.se", "older@example.se", "new@example.se")
    await eventually(operator.sees_no_difference, within=30, every=0.5)


@pytest.mark.timeout(300)
async def test_databases_set_back_catch_up_and_no_mail_is_sent_twice(rig: Rig, operator: Operator) -> None:
    if rig.infra.nodes is None:
        pytest.skip("not run: the servers' tools are not ours")
    before = await by_api(rig, "before@example.se")
    await mailed(rig, "before@example.se")
    await operator.reads_again()
    _back_up(rig)
    await by_event(rig, "event@example.se")
    orphan = await by_api(rig, "orphan@example.se")
    await mailed(rig, "event@example.se", "orphan@example.se")
    await rig.directory("byra-tva")
    async with httpx.AsyncClient(base_url=rig.url("activation"), headers=rig.token("karin")) as karin:
        assert (await karin.post(f"/v1/activations/{before}/activate")).status_code == 200
    await operator.reads_again()
    for service in ("onboarding", "activation", "notifier"):
        end(rig, service)
    await _set_back(rig)
    for service in ("onboarding", "activation", "notifier"):
        rig.launch(service)
    for replica in rig.replicas:
        await rig.ready(replica)
    await operator.reads_again()
    assert "mails held" in (await operator.run("status")).output
    await operator.does("announce", "onboarding", "--after-restore", "--for-real")
    await operator.does("announce", "activation", "--after-restore", "--for-real")
    await operator.reads_again()
    await eventually(lambda: _whole(operator, orphan), within=60, every=1)
    held = await fetch(rig.databases["onboarding"], "select count(*) as n from held_events where settled_at is null")
    left = await operator.run("reconcile", "--for-real")
    assert (left.code, "nothing left that an announcement mends" in left.output) == (1, True)
    await operator.reads_again()
    assert held == await fetch(
        rig.databases["onboarding"], "select count(*) as n from held_events where settled_at is null"
    )
    await operator.does("mail", "release", "--for-real")
    last = await by_api(rig, "last@example.se")
    await mailed(rig, "before@example.se", "event@example.se", "orphan@example.se", "last@example.se")
    assert {(await activation(rig, each))["status"] for each in (before, orphan, last)} == {"pending"}
    await eventually(lambda: _all_are_sent(rig, 4), within=20)


async def _all_are_sent(rig: Rig, mails: int) -> bool:
    rows = await fetch(rig.databases["notifier"], "select state from emails")
    return [row["state"] for row in rows] == ["sent"] * mails


async def _plant_differences(rig: Rig, client_id: str) -> None:
    """Rows that somebody deleted by hand."""
    for table in ("grants", "users", "licences", "activations"):
        await fetch(rig.databases["activation"], f"delete from {table} where client_id = $1", client_id)
    for table in ("consultants", "agencies"):
        await fetch(rig.databases["activation"], f"delete from {table}")


async def _reconciled(operator: Operator) -> bool:
    """Twice where what was lost is made anew: its first version then meets the one of before, and is raised."""
    await operator.does("reconcile", "--for-real")
    await operator.reads_again()
    return await operator.differences() == []


async def _consultants(rig: Rig) -> bool:
    rows = await fetch(rig.databases["activation"], "select sub from consultants order by sub")
    assert [row["sub"] for row in rows] == ["anna", "erik", "karin"]
    return True


async def _published(rig: Rig, service: str) -> bool:
    return await fetch(rig.databases[service], "select from outbox") == []


async def _whole(operator: Operator, orphan: str) -> bool:
    """Nothing differs but what onboarding cannot know any more: it was created by a person after the backup."""
    left = await operator.differences()
    if any({*each["waiting"], *each["ahead"], *each["behind"], *each["missing"]} - {orphan} for each in left):
        await operator.run("reconcile", "--for-real")
    known = {
        (f"{each['reader']}.{each['projection']}", name): ids
        for each in left
        for name, ids in each.items()
        if isinstance(ids, list) and ids
    }
    assert known == {
        (place, name): ids
        for place, why, ids in (
            ("activation.clients", "unknown", [orphan]),
            ("activation.agencies", "unknown", ["byra-tva"]),
            ("notifier.agencies", "unknown", ["byra-tva"]),
            ("onboarding.activations", "waiting", [orphan]),
        )
        for name in (why, "orphans")
    }, known
    return True


def _back_up(rig: Rig) -> None:
    for name, address in rig.databases.items():
        database = address.rpartition("/")[2]
        dump(rig.infra.superuser_dsn, database, rig.folder / f"{name}.dump", environment())


async def _set_back(rig: Rig) -> None:
    for name, address in rig.databases.items():
        database = address.rpartition("/")[2]
        file = rig.folder / f"{name}.dump"
        await replace(rig.infra.superuser_dsn, database, f"{name}_owner", file, environment())
    await hold_mails(rig.infra.superuser_dsn, rig.databases["notifier"].rpartition("/")[2], "set back")
