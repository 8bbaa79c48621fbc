"""PROMISE: whatever befalls replicas, database and broker, and whatever is written: each event has its effect once, in
order, and is said once; what cannot be handled waits, and nothing waits for nothing.

A failure prints its seed and its steps; `python -m tests.simulation --seed N --schedules 1` shows it again.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from chassis.settings import environment
from tests.simulation.schedule import KEYS, KINDS, PAUSES, STRIKES, WAITS, History, Step, drawn, run, shortest, told
from tests.simulation.world import TOTALS, stage

FIRST_SEED = int(environment().get("AKTIVERA_TEST_SIMULATION_SEED", "0"))
SCHEDULES = 500
MANY_SCHEDULES = 20_000


@pytest.fixture(autouse=True)
def _stage() -> Iterator[None]:
    with stage():
        yield


def a_failure(first: int, count: int) -> str:
    """The first history that goes wrong, made as short as it gets; empty where none does."""
    for seed in range(first, first + count):
        if run(seed, drawn(seed)):
            steps = shortest(seed, drawn(seed))
            return told(seed, steps, run(seed, steps))
    return ""


def test_everything_holds_in_histories_drawn_from_seeds() -> None:
    assert a_failure(FIRST_SEED, SCHEDULES) == ""


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_everything_holds_in_very_many_histories() -> None:
    assert a_failure(FIRST_SEED + SCHEDULES, MANY_SCHEDULES) == ""


def test_a_seed_is_one_history() -> None:
    assert [_told_twice(seed) for seed in range(5)] == [True] * 5


def _told_twice(seed: int) -> bool:
    return _course(seed) == _course(seed)


def _course(seed: int) -> list[Any]:
    history = History(seed)
    try:
        for step in drawn(seed):
            history.take(step)
        wrong = history.finish()
        offsets = sorted(history.world.server.rows("consumer_offsets"))
        said = [[record.key for record in log] for log in history.world.broker.logs.values()]
        return [wrong, history.world.loop.time(), history.world.chance.random(), offsets, said]
    finally:
        history.world.end()


def test_what_is_to_befall_a_history_does() -> None:
    """Every reason to hold, every way to settle, members that come and go, and events that are said again."""
    reasons, ways, said_again, rebalances = set(), set(), 0, 0
    for seed in range(300):
        history = History(seed)
        try:
            for step in drawn(seed):
                history.take(step)
            history.finish()
        finally:
            history.world.end()
        rows = history.world.server.rows("held_events")
        reasons |= {row.reason for row in rows}
        ways |= {row.settled_how for row in rows}
        said = [
            record.value for place, log in history.world.broker.logs.items() if place.topic == TOTALS for record in log
        ]
        said_again += len(said) - len(set(said))
        rebalances += any(group.generation > 2 for group in history.world.broker.groups.values())
    assert reasons >= {"decide_failed", "save_failed", "not_allowed", "undecodable", "version_gap", "version_conflict"}
    assert ways == {None, "retried", "repeated", "discarded"}
    assert said_again > 20
    assert rebalances > 20


waits = st.sampled_from(WAITS)
keys = st.sampled_from(KEYS)
seconds = st.sampled_from((0.5, 2.0, 5.0))


class Histories(RuleBasedStateMachine):
    """The same steps, chosen by Hypothesis, which makes a failing history as small as it gets."""

    history: History | None = None

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.history = History(seed)

    def _take(self, name: str, about: tuple[Any, ...], wait: float) -> None:
        assert self.history is not None
        self.history.take(Step(name, about, wait))

    @rule(key=keys, kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), wait=waits)
    def events_are_written(self, key: str, kinds: list[str], wait: float) -> None:
        self._take("write", (key, tuple(kinds)), wait)

    @rule(at=st.integers(0, 1), operations=st.integers(1, 30), how=st.sampled_from(STRIKES), wait=waits)
    def a_replica_is_struck(self, at: int, operations: int, how: str, wait: float) -> None:
        self._take("strike", (at, operations, how, 0.5), wait)

    @rule(at=st.integers(0, 1), operations=st.integers(1, 30), seconds=st.sampled_from(PAUSES), wait=waits)
    def a_replica_is_paused(self, at: int, operations: int, seconds: float, wait: float) -> None:
        self._take("strike", (at, operations, "pause", seconds), wait)

    @rule(wait=waits)
    def the_bug_is_mended(self, wait: float) -> None:
        self._take("mend", (), wait)

    @rule(key=keys, order=st.sampled_from(("retry", "discard")), wait=waits)
    def a_person_gives_an_order(self, key: str, order: str, wait: float) -> None:
        self._take(order, (key,), wait)

    @rule(which=st.sampled_from(("database_away", "broker_away", "late")), seconds=seconds, wait=waits)
    def a_server_is_away_or_late(self, which: str, seconds: float, wait: float) -> None:
        self._take(which, (seconds,), wait)

    @rule(times=st.sampled_from((5.0, 30.0)), wait=waits)
    def everything_is_slow(self, times: float, wait: float) -> None:
        self._take("slow", (times,), wait)

    @rule(wait=waits)
    def a_replica_joins(self, wait: float) -> None:
        self._take("join", (), wait)

    def teardown(self) -> None:
        if self.history is None:
            return
        try:
            assert self.history.finish() == []
        finally:
            self.history.world.end()


def test_everything_holds_in_histories_chosen_by_hypothesis() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=200,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
