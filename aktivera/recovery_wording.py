"""How the answers about getting whole again read in a terminal: pure, one list of lines each."""

from collections.abc import Sequence
from typing import Any

from aktivera.reconciliation import Difference
from aktivera.wording import table

SHOWN = 10
DO_IT = "add --for-real to do it"


def tried(dry_run: bool) -> list[str]:
    return [DO_IT] if dry_run else []


def announce_lines(service: str, answer: dict[str, Any]) -> list[str]:
    word = "would be announced" if answer["dry_run"] else "are being announced; aktivera status shows how far"
    counts = ", ".join(f"{count} of kind {kind}" for kind, count in answer["aggregates"].items())
    unknown = [f"{service} does not know: {each}" for each in answer["unknown"]]
    return [f"{counts} {word}", *unknown, *tried(answer["dry_run"])]


def rebuild_lines(answer: dict[str, Any]) -> list[str]:
    would = "would be " if answer["dry_run"] else ""
    counts = ", ".join(f"{count} of kind {kind}" for kind, count in answer["announced"].items())
    return [f"{answer['forgotten']} {would}forgotten; {would}announced: {counts}", *tried(answer["dry_run"])]


def offset_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    return table(
        ("TOPIC", "PARTITION", "HANDLED", "LOG", "FACT", "GO ON AT"),
        [
            (
                row["topic"],
                row["partition"],
                row["handled"],
                f"{row['begins']}..{row['ends']}",
                row["fact"],
                row["go_on_at"],
            )
            for row in rows
        ],
    )


def accept_lines(answer: dict[str, Any]) -> list[str]:
    if not answer["items"]:
        return ["every offset fits its log: nothing to accept"]
    word = "would be accepted" if answer["dry_run"] else f"{answer['accepted']} accepted; read within 10 seconds"
    return [*offset_lines(answer["items"]), word, *tried(answer["dry_run"]), _told_again(answer)]


def _told_again(answer: dict[str, Any]) -> str:
    owner = answer["owner"]
    if answer["announced"]:
        return f"what was lost with the log is told again by: aktivera announce {owner} --for-real"
    if owner == "upstream":
        return "what was lost with the log nobody announces: its senders send again what they got no result of"
    return f"what was lost with the log nobody announces: {owner} says it once"


def no_partition(topic: str, partition: int, rows: Sequence[dict[str, Any]]) -> str | None:
    """What is wrong with a partition that `offsets show` does not show; None where it does."""
    there = sorted(row["partition"] for row in rows if row["topic"].endswith(topic))
    if partition in there:
        return None
    return f"{topic} has no partition {partition}; there are {f'{there[0]} to {there[-1]}' if there else 'none'}"


def difference_lines(found: Sequence[Difference]) -> list[str]:
    names = ("missing", "behind", "ahead", "waiting", "unknown")
    rows = [
        (f"{each.reader}.{each.projection}", each.owner, *(len(getattr(each, name)) for name in names))
        for each in found
    ]
    ids = [
        f"  {each.reader}.{each.projection} {name}: {_first(getattr(each, name))}"
        for each in found
        for name in names
        if getattr(each, name)
    ]
    return [*table(("KEPT BY", "OWNER", *(name.upper() for name in names)), rows), *ids]


def _first(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more (--json shows all)" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more


def mending_lines(found: Sequence[Difference], *, for_real: bool) -> list[str]:
    """What an announcement mends, and what it does not."""
    mends = sum(len(each.plain) + len(each.raised) for each in found)
    alone = sum(len(each.orphans) for each in found)
    if not mends and not alone:
        return ["nothing differs"]
    person = (
        [f"{alone} {'needs' if alone == 1 else 'need'} a person: docs/operations.md, What only a reader knows"]
        if alone
        else []
    )
    if not mends:
        return ["nothing left that an announcement mends", *person]
    word = "being announced" if for_real else "would be announced"
    return [f"{mends} {word}", *person, *tried(not for_real)]
