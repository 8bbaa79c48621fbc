"""Whatever is done to a client, in any order, by anybody: what must hold, holds; and a broken rule is noticed."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase

from schemas.programs import PROGRAMS
from services.activation.domain import acts
from tests.unit.activation.any_way import done, run


def test_whatever_is_done_to_a_client_what_must_hold_holds() -> None:
    """At least 20,000 acts; each kind succeeds at times, so that nothing is shown of refusals alone."""
    done.clear()
    run(examples=500)
    assert done["steps"] >= 20_000
    never = {each.__name__ for each in (*acts.ACTS, *acts.UNSEEN, acts.Settle) if not done[each.__name__]}
    assert never == {"RequestRestoration", "ConfirmRestoration"}  # nobody is ever locked out


@pytest.mark.parametrize(
    ("where", "what", "instead"),
    [
        ("saving", "seat_errors", lambda _before, _after, cells: [None] * len(cells)),
        ("saving", "clear_unfounded", lambda *_, **__: None),
        ("saving", "unfounded", lambda *_: None),
        ("users", "keep_one", lambda *_: None),
        ("rights", "owners", lambda *_: tuple(PROGRAMS.programs)),
        ("draft", "changes_between", lambda _before, _after: []),
        ("users", "put", lambda draft, user, state: draft.users.update({user.user_id: replace(user, state=state)})),
    ],
    ids=[
        "licences are not counted",
        "what rests on a licence stays",
        "nothing is asked of a permission",
        "the last administrator may go",
        "every program is everybody's",
        "a Save is not told",
        "who is disabled keeps all",
    ],
)
def test_a_rule_that_is_broken_is_noticed(where: str, what: str, instead: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"services.activation.domain.{where}.{what}", instead)
    with pytest.raises(AssertionError):
        run(examples=600, phases=[Phase.generate])
