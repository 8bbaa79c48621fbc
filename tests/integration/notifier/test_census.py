"""The census: every code that the notifier owns is provoked, and told at its place."""

from schemas.errors import ERRORS
from tests.integration.notifier.census_acts import ACTS
from tests.integration.notifier.running import Running

OWNED = frozenset(code for code, text in ERRORS.items() if "notifier" in text.owners)


async def test_each_act_that_is_refused_is_told_by_its_code_at_its_place(running: Running) -> None:
    told = [(act, await act.provoke(running)) for act in sorted(ACTS, key=lambda each: each.last)]
    problems = [problem for act, what in told for problem in act.problems(what)]
    assert problems == [], "\n".join(problems)


def test_every_code_that_the_notifier_owns_is_provoked_and_no_other() -> None:
    provoked = {each.code for each in ACTS}
    assert {"missing": OWNED - provoked, "not ours": provoked - OWNED} == {"missing": set(), "not ours": set()}
