"""The command beside a whole stack with the mock broker: held events, sources, a mock that forgets or has ended."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from aktivera.local import stack
from aktivera.local.layout import Layout
from aktivera.local.ledger import entries
from aktivera.local.postgres import PostgresNode, provision
from aktivera.local.process_identity import gone
from tests.eventually import eventually
from tests.integration.command.conftest import Run
from tests.unit.onboarding.contents import cloud_event, content, organisation

pytestmark = pytest.mark.timeout(120)

ADD = ("source", "add", "prov", "--agency", "byra-ett", "--test", "--may", "requested")


def endpoints(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Layout(root).endpoints_file.read_text())
    return found


def superuser(root: Path) -> str:
    port = urlsplit(endpoints(root)["postgres"]["activation"]).port
    assert port is not None
    return PostgresNode(Layout(root).postgres, port, Layout(root).secrets).superuser_dsn


async def plant_kafka_s_database(root: Path) -> None:
    """What a start with Kafka would have left."""
    connection = await asyncpg.connect((await provision(superuser(root), "activation", Layout(root).secrets)).owner)
    await connection.execute("create table facts (fact int); insert into facts values (1)")
    await connection.close()


async def facts_in_kafka_s_database(root: Path) -> int:
    connection = await asyncpg.connect(urlsplit(superuser(root))._replace(path="/activation").geturl())
    found: int = await connection.fetchval("select count(*) from facts")
    await connection.close()
    return found


async def send_unreadable(root: Path, number: int, key: bytes = b"k-1") -> None:
    producer = AIOKafkaProducer(bootstrap_servers=endpoints(root)["kafka"])
    await producer.start()
    for each in range(number):
        await producer.send_and_wait("client-events", b"not JSON %d" % each, key=key)
    await producer.stop()


async def answer_to(kafka: str, event: dict[str, Any], within: float = 40) -> dict[str, Any]:
    """What the source `prov` is told of an event that it sends."""
    consumer = AIOKafkaConsumer("onboarding-results-prov", bootstrap_servers=kafka, auto_offset_reset="earliest")
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await consumer.start()
    await producer.start()
    try:
        await producer.send_and_wait("onboarding-requests-prov", orjson.dumps(event))
        async with asyncio.timeout(within):
            async for record in consumer:
                told: dict[str, Any] = orjson.loads(record.value)
                if told["data"]["request_id"] == event["id"]:
                    return told
    finally:
        await producer.stop()
        await consumer.stop()
    raise AssertionError("the results ended")


def test_held_events_are_listed_shown_tried_and_given_up(mock_root: Path, run: Run) -> None:
    assert run("demo", root=mock_root).exit_code == 0  # the topics are there
    asyncio.run(send_unreadable(mock_root, 2))

    async def held() -> list[dict[str, Any]]:
        rows = json.loads(run("held", "list", "--service", "activation", "--json", root=mock_root).stdout)
        return rows if len(rows) == 2 else []

    head, follower = (str(row["id"]) for row in asyncio.run(eventually(held, within=20)))
    assert run("status", root=mock_root).exit_code == 0
    assert "held 2" in run("status", root=mock_root).stdout
    assert run("held", "list", "--reason", "none", root=mock_root).stdout == "nothing is held with reason none\n"
    assert "1 event waits behind it" in run("held", "show", "activation", head, root=mock_root).stdout

    for words, begin in ((["--for-real"], "not done"), ([], "tried out")):
        answer = run("held", "retry", "activation", follower, *words, root=mock_root)
        assert answer.exit_code == 1
        assert answer.stdout.startswith(f"{begin}: event {head} is in the way: undecodable (")

    refused = run("held", "discard", "activation", head, "--reason", "x", root=mock_root)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[1].startswith("  /reason: ")
    asked = run("held", "discard", "activation", head, "--reason", "x", "--json", root=mock_root)
    assert json.loads(asked.stdout)["error"]["code"] == "invalid_content"

    given_up = run("held", "discard", "activation", head, "--reason", "sent by hand", "--for-real", root=mock_root)
    assert given_up.stdout == "discarded; 1 event behind it is tried next\n"
    settled = run("held", "list", "--settled", "--service", "activation", root=mock_root).stdout
    assert "discarded  operator:karin  sent by hand" in settled


def test_all_that_is_held_on_a_key_is_given_up_at_once(mock_root: Path, run: Run) -> None:
    def held(key: str) -> list[int]:
        listed = run("held", "list", "--service", "activation", "--json", root=mock_root).stdout
        return [row["id"] for row in json.loads(listed) if row["key"] == key]

    async def all_held() -> list[int]:
        assert len(held("k-3")) == 1
        assert len(held("k-2")) == 3
        return held("k-2")

    async def held_by_now() -> list[int]:
        await send_unreadable(mock_root, 3, b"k-2")
        await send_unreadable(mock_root, 1, b"k-3")
        return await eventually(all_held, within=20)

    ids = asyncio.run(held_by_now())
    words = ("held", "discard", "activation", str(ids[1]), "--key", "--reason", "sent by hand")
    assert run(*words, root=mock_root).stdout == "3 events would be discarded (add --for-real to do it)\n"
    given_up = run(*words, "--for-real", root=mock_root)
    assert (given_up.exit_code, given_up.stdout) == (0, "3 events discarded; nothing is left on the key\n")
    assert (held("k-2"), len(held("k-3"))) == ([], 1)


def test_a_source_is_added_and_answered_and_then_removed(mock_root: Path, run: Run) -> None:
    assert run("demo", root=mock_root).exit_code == 0  # registers the agency
    added = run(*ADD, root=mock_root)
    assert added.exit_code == 0, added.output
    assert "source      /upstream/prov" in added.stdout.splitlines()
    assert run(*ADD, root=mock_root).exit_code == 0

    event = cloud_event(
        "evt-1",
        source="/upstream/prov",
        data={"agency": "byra-ett", **content(details__identity__number=organisation(77))},
    )
    told = asyncio.run(answer_to(endpoints(mock_root)["kafka"], event))
    assert told["type"] == "se.aktivera.onboarding.accepted.v1"

    refused = run("source", "add", "prov", "--agency", "byra-tva", root=mock_root)
    assert (refused.exit_code, refused.stderr.split(":")[1].strip()) == (1, "source_differs")
    rows = json.loads(run("source", "list", "--json", root=mock_root).stdout)
    assert [(row["slug"], row["state"], row["test"]) for row in rows] == [
        (None, "active", False),
        ("prov", "active", True),
    ]
    assert "paused by operator:karin" in run("source", "pause", "prov", root=mock_root).stdout
    assert "resumed by operator:karin" in run("source", "resume", "prov", root=mock_root).stdout
    assert "state       removed" in run("source", "remove", "prov", root=mock_root).stdout


def test_what_is_wrong_with_the_words_is_said_before_anything_is_made(mock_root: Path, run: Run) -> None:
    for words, line in (
        (("add", "prov2"), "name an agency"),
        (("add", "prov2", "--agency", "byra-ett", "--may", "allt"), "--may takes requested, cancellation, licences"),
        (("change", "prov2"), "name what shall be otherwise"),
        (("show", "prov2"), "refused: unknown_source"),
    ):
        answer = run("source", *words, root=mock_root)
        assert answer.exit_code == 1
        assert answer.stderr.startswith(line), answer.stderr
    answer = run("source", "add", "Prov", "--agency", "byra-ett", root=mock_root)
    assert answer.exit_code == 2
    assert "2 to 40 of a-z, 0-9 and -" in answer.stderr


def test_whoever_sends_or_replays_for_a_source_that_there_is_not_is_told_at_once(mock_root: Path, run: Run) -> None:
    for words in (("send", "minimal"), ("replay", "evt-1")):
        answer = run(
            "contract", *words, "--source", "nobody-s", "--seconds", "600", root=mock_root
        )  # beyond the test's
        assert answer.exit_code == 1
        assert answer.stderr.startswith("refused: unknown_source: "), answer.stderr
        assert "sent" not in answer.stdout
    assert run("contract", "send", "minimal", "--source", "Nobody", root=mock_root).exit_code == 2


def test_whoever_sends_or_replays_for_a_source_that_is_not_read_is_told_at_once_what_to_do(
    mock_root: Path, run: Run
) -> None:
    assert run("source", "add", "silent", "--agency", "byra-ett", root=mock_root).exit_code == 0
    for act, remedy in (
        ("pause", "source resume silent has it read again"),
        ("remove", "source add silent --agency …"),
    ):
        assert run("source", act, "silent", root=mock_root).exit_code == 0
        for words in (("send", "minimal"), ("replay", "evt-1")):
            answer = run("contract", *words, "--source", "silent", "--seconds", "600", root=mock_root)
            assert (answer.exit_code, answer.stdout) == (1, "")
            assert answer.stderr.startswith(
                f"nothing was sent: silent {'is paused' if act == 'pause' else 'was removed'}"
            )
            assert remedy in answer.stderr


def test_a_mock_that_forgets_is_started_beside_databases_that_forget_too(mock_root: Path, run: Run) -> None:
    assert run("demo", root=mock_root).exit_code == 0
    asyncio.run(plant_kafka_s_database(mock_root))
    stack.down(mock_root)
    said: list[str] = []
    stack.up(mock_root, say=said.append)
    assert any("mock starts empty" in line for line in said)
    shown = json.loads(run("demo", "--json", root=mock_root).stdout)
    assert not any(way["repeated"] for way in shown)
    assert asyncio.run(facts_in_kafka_s_database(mock_root)) == 1

    said.clear()
    stack.up(mock_root, say=said.append)  # what runs is left alone
    assert "schema and topics are up to date" in said
    assert all(way["repeated"] for way in json.loads(run("demo", "--json", root=mock_root).stdout))


def test_the_demo_says_that_the_broker_is_away(mock_root: Path, run: Run) -> None:
    place = endpoints(mock_root)["kafka"]
    mock = next(entry.identity for entry in entries(Layout(mock_root).state_file) if entry.name == "mock-broker")
    os.kill(mock.pid, signal.SIGKILL)
    assert asyncio.run(gone([mock], 5))
    answer = run("demo", root=mock_root)
    assert answer.exit_code == 1
    assert answer.stderr.startswith(f"failed: Kafka does not answer at {place} (")
    assert len(answer.stderr.splitlines()) == 1

    said: list[str] = []
    stack.up(mock_root, say=said.append)
    assert said[0] == "the mock broker has ended, and with it all it held: stopping what runs"
    assert run("demo", root=mock_root).exit_code == 0


def test_mails_that_are_named_to_be_left_out_must_be_waiting_ones(mock_root: Path, run: Run, tmp_path: Path) -> None:
    assert run("mail", "hold", "--why", "a test", "--for-real", root=mock_root).stdout.startswith("mails are held from")
    named = tmp_path / "ids"
    named.write_text("0197aaaa-0000-7000-8000-000000000001\n\n0197aaaa-0000-7000-8000-000000000002\n")
    refused = run("mail", "release", "--but-file", str(named), "--for-real", root=mock_root)
    assert refused.exit_code == 1
    assert "0197aaaa-0000-7000-8000-000000000001, 0197aaaa-0000-7000-8000-000000000002" in refused.stderr
    for words, said in (
        (("--but", "37"), "37 is no mail's id"),
        (("--none", "--but-file", str(named)), "--none is without --but"),
        (("--but-file", str(tmp_path / "other")), "cannot be read"),
    ):
        wrong = run("mail", "release", *words, "--for-real", root=mock_root)
        assert (wrong.exit_code, said in wrong.stderr) == (1, True)
    tried = run("mail", "release", "--none", root=mock_root)
    assert tried.stdout.splitlines()[0] == "would be released: 0 go out, 0 count as unknown"
    done = run("mail", "release", "--none", "--for-real", root=mock_root)
    assert done.stdout == "released: 0 go out, 0 count as unknown\n"
