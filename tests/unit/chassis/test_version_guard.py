"""The version guard: each event once and in order."""

from hypothesis import given
from hypothesis import strategies as st

from chassis.version_guard import Seen, Verdict, judge


def test_the_first_event_of_an_aggregate_has_version_1() -> None:
    assert judge(None, 1, "a") is Verdict.APPLY
    assert judge(None, 2, "b") is Verdict.GAP


def test_the_same_version_with_another_id_is_a_conflict() -> None:
    assert judge(Seen(3, "a"), 3, "a") is Verdict.REPEATED
    assert judge(Seen(3, "a"), 3, "b") is Verdict.CONFLICT


def test_a_snapshot_sets_the_baseline_unless_something_newer_was_seen() -> None:
    assert judge(None, 7, "s", snapshot=True) is Verdict.APPLY
    assert judge(Seen(3, "a"), 7, "s", snapshot=True) is Verdict.APPLY
    assert judge(Seen(8, "a"), 7, "s", snapshot=True) is Verdict.REPEATED


@given(st.lists(st.integers(min_value=0, max_value=9), max_size=60))
def test_whatever_is_repeated_from_earlier_each_version_is_applied_once_and_in_order(repeats: list[int]) -> None:
    log: list[int] = []
    for version in range(1, 11):
        log.append(version)
        log += [max(1, version - back) for back in repeats if back < version]
    seen: Seen | None = None
    applied = []
    for version in log:
        if judge(seen, version, str(version)) is Verdict.APPLY:
            applied.append(version)
            seen = Seen(version, str(version))
    assert applied == list(range(1, 11))
