"""PROMISE: the broker gathers records while they follow one another, and hands out at once what comes after a pause."""

import pytest

from chassis.pace import MANY_BYTES, SELDOM_BYTES, SELDOM_SECONDS, Pace

GATHERING = 0.1
SELDOM, GATHERED = (SELDOM_BYTES, SELDOM_SECONDS), (MANY_BYTES, GATHERING)


class Polled:
    """A consumer's polls: each brings some records at some second, and takes a hundredth to handle."""

    def __init__(self, gathering: float = GATHERING) -> None:
        self.asked: list[tuple[int, float]] = []
        self.pace = Pace(lambda *what: self.asked.append(what), gathering)

    def brings(self, records: int, second: float, *, full: bool = False) -> tuple[int, float]:
        """What the broker is asked for next."""
        self.pace.polled(records, second, full=full)
        if records:
            self.pace.handled(second + 0.01)
        return self.asked[-1]


@pytest.fixture
def polls() -> Polled:
    return Polled()


def test_what_comes_after_a_pause_is_asked_for_by_the_record(polls: Polled) -> None:
    assert [polls.brings(1, second) for second in (1.0, 1.2, 5.0)] == [SELDOM] * 3


def test_the_second_of_two_that_follow_one_another_begins_the_gathering(polls: Polled) -> None:
    assert polls.brings(1, 1.0) == SELDOM
    assert polls.brings(1, 1.05) == GATHERED


def test_it_goes_on_while_each_fetch_brings_several(polls: Polled) -> None:
    polls.brings(1, 1.0)
    assert [polls.brings(records, 1.0 + n / 10) for n, records in enumerate((1, 2, 9, 2))] == [GATHERED] * 4


@pytest.mark.parametrize("records", [0, 1])
def test_it_ends_with_a_fetch_for_which_waiting_gathered_nothing(polls: Polled, records: int) -> None:
    polls.brings(1, 1.0)
    assert polls.brings(1, 1.05) == GATHERED
    assert polls.brings(records, 1.15) == SELDOM


def test_where_there_is_more_than_a_batch_takes_nothing_waits(polls: Polled) -> None:
    polls.brings(1, 1.0)
    assert polls.brings(500, 1.05, full=True) == SELDOM


def test_a_poll_waits_longer_than_the_broker_does(polls: Polled) -> None:
    polls.brings(1, 1.0)
    assert polls.pace.patience == SELDOM_SECONDS
    polls.brings(1, 1.05)
    assert polls.pace.patience > GATHERING


def test_a_service_that_is_told_not_to_gather_never_does() -> None:
    polls = Polled(gathering=0)
    assert [polls.brings(records, 1.0 + n / 100) for n, records in enumerate((1, 9, 9, 0))] == [SELDOM] * 4
    assert polls.pace.patience == SELDOM_SECONDS
