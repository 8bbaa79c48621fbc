"""What the command says of differences, announcements and offsets."""

from aktivera.reconciliation import Difference
from aktivera.recovery_wording import difference_lines, mending_lines

IDS = tuple(f"c{number}" for number in range(11))


def difference(**ids: tuple[str, ...]) -> Difference:
    return Difference("activation", "clients", "onboarding", "client", **ids)


def test_what_an_announcement_does_not_mend_is_not_said_to_be_announced() -> None:
    assert mending_lines([difference()], for_real=True) == ["nothing differs"]
    for for_real in (True, False):
        lines = mending_lines([difference(unknown=("a",))], for_real=for_real)
        assert lines[0] == "nothing left that an announcement mends"
        assert lines[1].startswith("1 needs a person")
        assert len(lines) == 2
    both = [difference(missing=("b",), unknown=("a",))]
    assert mending_lines(both, for_real=True)[0] == "1 being announced"
    assert mending_lines(both, for_real=False)[-1] == "add --for-real to do it"


def test_ids_that_are_not_shown_are_counted() -> None:
    assert difference_lines([difference(missing=IDS)])[-1].endswith("c8, c9 and 1 more (--json shows all)")
    assert "more" not in difference_lines([difference(missing=IDS[:10])])[-1]
