"""What the simulation has found: each is a history that went wrong once, and goes right now."""

from collections.abc import Iterator

import pytest

from tests.simulation.schedule import History, Step
from tests.simulation.world import stage


@pytest.fixture(autouse=True)
def _stage() -> Iterator[None]:
    with stage():
        yield


def wrong(*kinds: tuple[str, ...]) -> list[str]:
    """What goes wrong where these are written to one key, ten seconds after the other."""
    history = History(0)
    history.world.writer.anything = True
    try:
        for each in kinds:
            history.take(Step("write", ("a", each), 10.0))
        history.person.never_leaves = True
        return history.finish()
    finally:
        history.world.end()


def test_what_waits_behind_a_record_that_cannot_be_read_is_not_passed_over() -> None:
    """garbage, then 2 before 1: the garbage is not taken for version 1, which waits too."""
    assert wrong(("garbage", "swap")) == []


def test_an_event_that_arrived_late_and_is_refused_can_be_discarded() -> None:
    """3 before 2, and 2 is refused: a retry stops at 2, which is the head although 3 came first."""
    assert wrong(("keep", "swap forbidden"), ("let go",)) == []


def test_a_person_may_retry_any_number_of_times() -> None:
    history = History(0)
    try:
        history.take(Step("write", ("a", ("forbidden",)), 2.0))
        for _ in range(50):
            history.take(Step("retry", ("a",), 0.5))
        assert history.world.wrong == []
    finally:
        history.world.end()
