"""What the command says of differences, announcements and offsets."""

from typing import Any

from aktivera.reconciliation import Difference
from aktivera.recovery_wording import accept_lines, difference_lines, mending_lines, no_partition, rebuild_lines

IDS = tuple(f"c{number}" for number in range(11))


def difference(**ids: tuple[str, ...]) -> Difference:
    return Difference("activation", "clients", "onboarding", "client", **ids)


def test_what_an_announcement_does_not_mend_is_not_said_to_be_announced() -> None:
    assert mending_lines([difference()], for_real=True) == ["nothing differs"]
    for for_real in (True, False):
        lines = mending_lines([difference(unknown=("a",), orphans=("a",))], for_real=for_real)
        assert lines[0] == "nothing left that an announcement mends"
        assert lines[1].startswith("1 needs a person")
        assert len(lines) == 2
    both = [difference(missing=("b",), unknown=("a",), orphans=("a",))]
    assert mending_lines(both, for_real=True)[0] == "1 being announced"
    assert mending_lines(both, for_real=False)[-1] == "add --for-real to do it"


def test_ids_that_are_not_shown_are_counted() -> None:
    assert difference_lines([difference(missing=IDS)])[-1].endswith("c8, c9 and 1 more (--json shows all)")
    assert "more" not in difference_lines([difference(missing=IDS[:10])])[-1]


ROW: dict[str, Any] = {
    "topic": "x-client-events", "partition": 0, "handled": 3, "begins": 0, "ends": 2, "fact": "TopicChanged",
    "go_on_at": 0,
}  # fmt: skip


def test_only_what_an_owner_can_say_again_is_said_to_be_announced() -> None:
    def last(owner: str, *, announced: bool) -> str:
        answer = {"items": [ROW], "dry_run": False, "accepted": 1, "owner": owner, "announced": announced}
        return accept_lines(answer)[-1]

    assert last("onboarding", announced=True).endswith("aktivera announce onboarding --for-real")
    assert last("upstream", announced=False).endswith("its senders send again what they got no result of")
    assert last("notifier", announced=False).endswith("notifier says it once")


def test_a_rebuild_that_is_only_tried_says_nothing_is_done() -> None:
    answer = {"forgotten": 1, "announced": {"agency": 2}}
    tried = "1 would be forgotten; would be announced: 2 of kind agency"
    assert rebuild_lines(answer | {"dry_run": True}) == [tried, "add --for-real to do it"]
    assert rebuild_lines(answer | {"dry_run": False}) == ["1 forgotten; announced: 2 of kind agency"]


def test_a_partition_that_is_not_there_is_refused() -> None:
    assert no_partition("client-events", 0, [ROW, ROW | {"partition": 5}]) is None
    assert no_partition("client-events", 99, [ROW, ROW | {"partition": 5}]) == (
        "client-events has no partition 99; there are 0 to 5"
    )
