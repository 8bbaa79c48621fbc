"""The caller as onboarding's events name one."""

from chassis.tokens import Caller
from services.onboarding.web.staff import person


def test_a_callers_long_name_is_cut_to_what_events_take() -> None:
    who = person(Caller("karin", "byra-ett", frozenset(), "K" * 300))
    assert (who.sub, who.name) == ("karin", "K" * 200)
