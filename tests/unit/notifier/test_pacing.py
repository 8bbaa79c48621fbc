"""PROMISE: no more mails go to a domain than its rate allows, whoever asks when, and none waits for ever."""

from heapq import heapify, heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.pacing import Bucket, Rate

RATES = st.builds(Rate, st.floats(0.1, 50), st.integers(1, 20))
MOMENTS = st.integers(0, 60).map(float) | st.floats(0, 60)
FIRST_ASKED = st.lists(st.tuples(MOMENTS, st.sampled_from("abc")), min_size=1, max_size=60)


def go(rate: Rate, first_asked: list[tuple[float, str]]) -> tuple[list[tuple[float, str, float]], int]:
    """Every mail asks, comes again when it was told to, and goes. Answers (when it went, agency, when it first asked)
    of each, and how often was asked."""
    bucket, gone, asked = Bucket.full(rate, 0.0), [], 0
    waiting = [(at, number, agency, at) for number, (at, agency) in enumerate(first_asked)]
    heapify(waiting)
    while waiting:
        now, number, agency, first = heappop(waiting)
        bucket, wait = bucket.ask(rate, agency, now, again=now > first)
        asked += 1
        if wait > 0:
            heappush(waiting, (now + wait, number, agency, first))
        else:
            gone.append((now, agency, first))
    return gone, asked


@given(RATES, FIRST_ASKED)
def test_in_no_stretch_of_time_more_go_than_burst_and_rate_allow(
    rate: Rate, first_asked: list[tuple[float, str]]
) -> None:
    gone, _ = go(rate, first_asked)
    moments = [at for at, _, _ in gone]
    for begin, since in enumerate(moments):
        for count, until in enumerate(moments[begin:], 1):
            assert count <= rate.burst + rate.per_second * (until - since) + 1e-6


@given(RATES, FIRST_ASKED)
def test_every_mail_goes_and_soon_after_those_before_it(rate: Rate, first_asked: list[tuple[float, str]]) -> None:
    gone, asked = go(rate, first_asked)
    assert len(gone) == len(first_asked)
    last = max(at for at, _ in first_asked)
    assert max(at for at, _, _ in gone) <= last + (2 * len(gone) + 3) / rate.per_second
    assert asked <= 10 * len(gone)


def test_an_agency_s_first_mail_does_not_stand_behind_another_s_many() -> None:
    """Would break: one line for all, whose end is where everybody stands who comes."""
    rate = Rate(10, 1)
    gone, _ = go(rate, [(0.0, "many")] * 500 + [(5.0, "one")])
    (waited,) = [at - first for at, agency, first in gone if agency == "one"]
    assert waited <= 10 / rate.per_second


def test_a_domain_that_rested_takes_its_burst_at_once_and_then_its_rate() -> None:
    gone, asked = go(Rate(2, 5), [(100.0, "a")] * 9)
    assert [at for at, _, _ in gone] == [100.0] * 5 + [100.5, 101.0, 101.5, 102.0]
    assert asked == 5 + 2 * 4


def test_who_comes_later_takes_no_token_from_those_in_line() -> None:
    rate, bucket = Rate(1, 3), Bucket(0, 0.0)
    for _ in range(2):
        bucket, _wait = bucket.ask(rate, "a", 0.0, again=False)
    bucket, wait = bucket.ask(rate, "b", 1.0, again=False)
    assert wait > 0
    _, wait = bucket.ask(rate, "a", 1.0, again=True)
    assert wait == 0
