"""PROMISE: whatever ends, fails or hangs at a named place, nothing is lost, doubled or put out of order."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest

from aktivera.local.postgres.provision import LIMITS
from tests.eventually import eventually
from tests.faults import toy_checker
from tests.faults.conftest import Build
from tests.faults.mail.rig import STEPS
from tests.faults.toy_rig import ToyProcess, ToyRig
from tests.infrastructure import ROOT, Infrastructure, fetch
from tests.integration.onboarding.test_rotation import REWRAPPED

KILLED, FAILED, STUCK = -9, 1, 70
IN_ONE_GO = 6  # rigs at the same time: they mostly wait

LOOPS = {
    "consumer.after_getmany": 3,
    "consumer.after_apply": 2,
    "consumer.after_offsets": 2,
    "consumer.after_commit": 2,
    "consumer.after_kafka_commit": 1,
    "consumer.in_revoked": 1,
    "relay.after_claim": 2,
    "relay.after_read": 2,
    "relay.after_some_acks": 2,
    "relay.after_acks": 2,
    "relay.before_remove": 2,
    "relay.after_remove": 2,
}
"""Failpoint → at which passage it fires."""
COMMANDS = ("unit_of_work.before_commit", "unit_of_work.after_commit")

# What hangs in a loop is ended by the watchdog, except where a deadline of the chassis' own comes before.
DEADLINES = {"relay.after_some_acks", "consumer.in_revoked"}
# A listener's error is the client's to log, and the relay tries again: their process goes on.
GOES_ON = {"consumer.in_revoked"} | {name for name in LOOPS if name.startswith("relay.")}


@dataclass
class Case:
    """One failpoint in one mode; says what went otherwise than promised."""

    failpoint: str
    mode: str
    rig: ToyRig

    async def run(self, replicas: int) -> list[str]:
        async with self.rig.kept():
            limit = ("--limit", "30")  # the chassis' own deadlines come before it, and to join the group takes less
            first = self.rig.launch(*limit, failpoint=f"{self.failpoint}:{self.mode}@{LOOPS[self.failpoint]}")
            try:
                await eventually(lambda: has_sent(self.rig), within=60)  # the lease is the armed one's
                for _ in range(replicas - 1):
                    self.rig.launch(*limit)
                await self._until_fired(first)
                await eventually(lambda: toy_checker.settled(self.rig), within=45, every=0.3)
            except AssertionError as error:
                return [str(error)]
            return self._ended_as_promised(first) + await toy_checker.faults(self.rig)

    async def _until_fired(self, first: ToyProcess) -> None:
        async def written_until_fired() -> bool:
            await self.rig.write(range(2), pause=0.1)
            return first.said("failpoint fired") > 0

        await eventually(written_until_fired, within=60, every=0.3)
        await self.rig.write(range(2))
        await eventually(lambda: self._has_ended(first), within=60)

    def _expected(self) -> list[int]:
        if self.mode == "kill":
            return [KILLED]
        if self.mode == "raise":
            return [] if self.failpoint in GOES_ON else [FAILED]
        return [] if self.failpoint in DEADLINES else [STUCK]

    async def _has_ended(self, first: ToyProcess) -> bool:
        return len(first.exits) >= len(self._expected())

    def _ended_as_promised(self, first: ToyProcess) -> list[str]:
        expected = self._expected()
        if first.exits == expected:
            return []
        return [f"the process ended with {first.exits}, expected {expected}", *first.lines("loop ended", "watchdog")]


async def has_sent(rig: ToyRig) -> bool:
    return bool(await fetch(rig.address, "select 1 from relay_lease where owner is not null"))


async def all_cases(mode: str, replicas: int, build_toy: Build, failpoints: Sequence[str]) -> dict[str, list[str]]:
    """Each of these failpoints on a rig of its own, some at the same time; answers what failed."""
    turn = asyncio.Semaphore(IN_ONE_GO)

    async def one(failpoint: str) -> list[str]:
        async with turn:
            return await Case(failpoint, mode, await build_toy()).run(replicas)

    answers = await asyncio.gather(*(one(failpoint) for failpoint in failpoints))
    return {failpoint: found for failpoint, found in zip(failpoints, answers, strict=True) if found}


SOAK = pytest.mark.soak


@pytest.mark.parametrize(
    ("mode", "replicas"),
    [
        ("kill", 1),
        pytest.param("raise", 1, marks=SOAK),
        pytest.param("hang", 1, marks=SOAK),
        pytest.param("kill", 2, marks=SOAK),
        pytest.param("raise", 2, marks=SOAK),
        pytest.param("hang", 2, marks=SOAK),
    ],
)
async def test_a_loop_that_ends_anywhere_loses_and_doubles_nothing(mode: str, replicas: int, build_toy: Build) -> None:
    assert await all_cases(mode, replicas, build_toy, tuple(LOOPS)) == {}


async def test_a_loop_that_hangs_is_ended_and_another_replica_goes_on(build_toy: Build) -> None:
    """Some of those of `make soak`, which has each failpoint in each mode."""
    some = ("consumer.after_apply", "consumer.after_commit", "relay.after_read", "relay.after_acks")
    assert await all_cases("hang", 2, build_toy, some) == {}


@pytest.mark.parametrize(
    ("mode", "replicas"),
    [
        ("kill", 1),
        pytest.param("raise", 1, marks=SOAK),
        pytest.param("hang", 1, marks=SOAK),
        pytest.param("kill", 2, marks=SOAK),
        pytest.param("raise", 2, marks=SOAK),
        ("hang", 2),
    ],
)
async def test_a_command_whose_answer_is_lost_is_done_once(
    mode: str, replicas: int, build_toy: Build, infra: Infrastructure
) -> None:
    rigs = {failpoint: await build_toy() for failpoint in COMMANDS}
    async with impatient_with_idle_transactions(infra):
        answers = await asyncio.gather(
            *[command(failpoint, mode, replicas, rig) for failpoint, rig in rigs.items()], return_exceptions=True
        )
    assert answers == [[], []]


async def command(failpoint: str, mode: str, replicas: int, rig: ToyRig) -> list[str]:
    async with rig.kept():
        fires = 2 * 2 + 1  # each of two jobs passes twice at the start, at most; then commands
        first = rig.launch(failpoint=f"{failpoint}:{mode}@{fires}", TOY_CONSUME="false")
        for _ in range(replicas - 1):
            rig.launch(TOY_CONSUME="false")
        await asyncio.gather(*(rig.ready(replica) for replica in rig.replicas))
        for number in range(8):
            await rig.add("a", f"k{number}")
        assert first.said("failpoint fired") == 1
        assert first.exits == ([KILLED] if mode == "kill" else [])
        await eventually(lambda: outbox_is_empty(rig), within=20)
        return await toy_checker.faults(rig)


@asynccontextmanager
async def impatient_with_idle_transactions(infra: Infrastructure) -> AsyncIterator[None]:
    """What hangs inside a transaction is ended by Postgres, as each service's login says; here after 5 s, not 60."""
    connection = await asyncpg.connect(infra.superuser_dsn)
    setting = "alter role toy set idle_in_transaction_session_timeout ="
    try:
        await connection.execute(f"{setting} '5s'")
        yield
    finally:
        await connection.execute(f"{setting} '{LIMITS['idle_in_transaction_session_timeout']}'")
        await connection.close()


async def outbox_is_empty(rig: ToyRig) -> bool:
    return not await fetch(rig.address, "select 1 from outbox limit 1")


def test_every_failpoint_in_the_code_is_armed_by_a_test() -> None:
    named = re.compile(r'await reached\("([\w.]+)"\)')
    folders = [ROOT / "chassis", ROOT / "services"]
    there = {name for folder in folders for path in folder.rglob("*.py") for name in named.findall(path.read_text())}
    assert {*LOOPS, *COMMANDS, *STEPS, REWRAPPED} == there
