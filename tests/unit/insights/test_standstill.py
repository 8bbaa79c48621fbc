"""Reading stands still when whatever is left unread has not moved for too long."""

from services.insights.standstill import Standstill

ONE, OTHER = ("client-events", 0), ("client-events", 1)


def test_it_stands_still_when_something_is_left_and_nothing_moved_for_longer() -> None:
    still = Standstill(60)
    assert not still.seen({ONE: 5}, {ONE: 9}, now=0)
    assert not still.seen({ONE: 5}, {ONE: 9}, now=60)
    assert still.seen({ONE: 5}, {ONE: 9}, now=61)


def test_it_does_not_while_there_is_nothing_to_read_however_long() -> None:
    still = Standstill(60)
    assert not still.seen({ONE: 9}, {ONE: 9}, now=0)
    assert not still.seen({ONE: 9}, {ONE: 9}, now=1000)
    assert not still.seen({ONE: 9}, {ONE: 10}, now=1001)


def test_it_does_not_while_it_moves_ever_so_slowly() -> None:
    still = Standstill(60)
    assert not any(still.seen({ONE: at}, {ONE: 9}, now=59 * at) for at in range(9))


def test_one_partition_that_stands_is_seen_though_others_have_an_event_now_and_then() -> None:
    still = Standstill(60)
    assert not any(still.seen({ONE: 5, OTHER: at}, {ONE: 9, OTHER: at}, now=10 * at) for at in range(7))
    assert still.seen({ONE: 5, OTHER: 7}, {ONE: 9, OTHER: 7}, now=70)


def test_one_partition_that_waits_for_its_turn_is_none_while_another_is_read() -> None:
    still = Standstill(60)
    assert not any(still.seen({ONE: 0, OTHER: at}, {ONE: 9, OTHER: 1000}, now=10.0 * at) for at in range(20))
