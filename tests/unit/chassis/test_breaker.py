"""The circuit breaker opens for a bad deploy, and not for a bad event."""

import pytest

from chassis.breaker import Breaker, CircuitOpen, Limits

PLACE = ("client-events", 0)


def test_a_run_of_faults_opens_it() -> None:
    watch = Breaker(Limits(run=5, ratio=1.0, window=100)).watch()
    watch.record([(PLACE, True)] * 4 + [(PLACE, False)] + [(PLACE, True)] * 4)
    with pytest.raises(CircuitOpen):
        watch.record([(PLACE, True)])


def test_a_share_of_faults_among_the_newest_events_opens_it() -> None:
    watch = Breaker(Limits(run=50, ratio=0.3, window=10)).watch()
    watch.record([(PLACE, number % 5 == 0) for number in range(100)])
    with pytest.raises(CircuitOpen):
        watch.record([(PLACE, number % 3 == 0) for number in range(12)])


def test_faults_on_other_partitions_do_not_add_up() -> None:
    watch = Breaker(Limits(run=3, ratio=1.0, window=10)).watch()
    watch.record([(("t", number), True) for number in range(9)])


def test_what_is_rolled_back_and_tried_again_is_counted_once() -> None:
    breaker = Breaker(Limits(run=3, ratio=1.0, window=10))
    for _ in range(5):
        breaker.watch().record([(PLACE, True)] * 2)
    kept = breaker.watch()
    kept.record([(PLACE, True)] * 2)
    kept.committed()
    with pytest.raises(CircuitOpen):
        breaker.watch().record([(PLACE, True)])
