"""PROMISE: docs/upstream.md leads to the first answer: each of its ways is run as it is written there."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest

from aktivera.local.kafka import ensure_jars
from chassis.settings import environment
from tests.infrastructure import ROOT, Infrastructure
from tests.system.rig import Rig
from tests.system.upstream_page import PAGE, Reader, blocks

COMMANDS = [each for each in blocks() if each.language == "sh"]


@pytest.fixture(scope="module")
async def reader(infra: Infrastructure, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reader]:
    """Topics without a prefix, as the page names them: nobody else in this run has such."""
    rig = await Rig.build(infra, "", tmp_path_factory.mktemp("rig"))
    rig.start_mail()
    jars = ROOT / ".local" / "kafka" / "jars"
    await asyncio.to_thread(ensure_jars, jars, dict(environment()), print)
    try:
        for replica in [rig.launch(service) for service in ("onboarding", "activation", "notifier")]:
            await rig.ready(replica)
        await rig.directory()
        there = Reader(rig, tmp_path_factory.mktemp("reader"), jars)
        there.save()
        yield there
    finally:
        rig.stop()


async def test_the_first_event_with_kcat_and_what_became_of_it_with_curl(reader: Reader) -> None:
    if shutil.which("kcat") is None:
        pytest.skip("not run: kcat is missing")
    by_kcat, by_curl = COMMANDS[:2]
    said = await reader.run(by_kcat)
    assert said.startswith("right: se.aktivera.onboarding.requested.v1\n")
    assert '"type":"se.aktivera.onboarding.accepted.v1"' in said
    shown = json.loads(await reader.run(by_curl))
    assert (shown["id"], shown["status"], shown["external_ref"]) == ("first-kcat", "accepted", "kcat-1")
    replayed = next(each for each in COMMANDS if "contract replay" in each.text)
    said = await reader.run(replayed)
    assert "\naccepted  client " in said
    assert "\nlisted    client " in said
    assert said.endswith("answered:   accepted, as before\nnothing changed\n")


async def test_the_first_event_in_python_is_listed(reader: Reader) -> None:
    said = await reader.run(next(each for each in COMMANDS if "first_event.py" in each.text))
    assert [line.split()[0] for line in said.splitlines()] == [
        "se.aktivera.onboarding.accepted.v1",
        "se.aktivera.onboarding.listed.v1",
    ]


async def test_the_first_event_in_java_in_binary_mode_is_accepted(reader: Reader) -> None:
    if not _has_compiler():
        pytest.skip("not run: this Java has no compiler")
    said = await reader.run(next(each for each in COMMANDS if "FirstEvent" in each.text))
    assert json.loads(said.splitlines()[-1])["type"] == "se.aktivera.onboarding.accepted.v1"


async def test_a_personal_number_that_is_encrypted_as_the_page_says_is_accepted(reader: Reader) -> None:
    said = await reader.run(next(each for each in COMMANDS if "encrypted.py" in each.text))
    shown = json.loads(said)
    assert (shown["id"], shown["status"]) == ("first-encrypted", "accepted")


def test_every_command_and_file_of_the_page_is_run() -> None:
    files = {each.file for each in blocks() if each.language != "sh"}
    assert {"first_event.py", "FirstEvent.java", "encrypted.py"} == files
    assert all(any(file in each.text for each in COMMANDS) for file in files)
    assert len(COMMANDS) == 6


def test_what_the_page_leads_to_is_there() -> None:
    for line in PAGE.read_text("utf-8").splitlines():
        for target in line.split("](")[1:]:
            path = target.partition(")")[0].partition("#")[0]
            assert (PAGE.parent / path).exists(), path


def _has_compiler() -> bool:
    java = shutil.which("java")
    if java is None:
        return False
    done = subprocess.run([java, "--list-modules"], capture_output=True, text=True, timeout=60, check=False)
    return "jdk.compiler" in done.stdout
