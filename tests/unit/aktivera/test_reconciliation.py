"""What a reader keeps is compared with what its owner has."""

from typing import Any

from aktivera.reconciliation import Difference, compare, with_orphans

PLACE = {"service": "notifier", "name": "clients", "owner": "activation", "kind": "activation"}


def owned(**versions: int) -> list[dict[str, Any]]:
    return [{"id": key, "version": version, "gone": key.startswith("gone")} for key, version in versions.items()]


def kept(**seen: int | None) -> list[dict[str, Any]]:
    return [{"id": key, "seen": version} for key, version in seen.items()]


def test_the_same_versions_are_no_difference() -> None:
    assert not compare(PLACE, owned(a=1, b=7), kept(a=1, b=7)).any


def test_each_difference_is_named() -> None:
    found = compare(PLACE, owned(a=1, b=3, c=2, d=4, e=1), kept(b=2, c=9, d=4, f=1), waiting=["d", "x"])
    assert found == Difference(
        "notifier", "clients", "activation", "activation", ("a", "e"), ("b",), ("c",), ("d",), ("f",)
    )
    assert (found.plain, found.raised) == (("a", "e", "b"), ("c", "d"))


def test_what_is_gone_need_not_be_kept() -> None:
    assert not compare(PLACE, owned(gone=4), kept()).any


def test_a_row_whose_version_was_never_seen_is_behind() -> None:
    assert compare(PLACE, owned(a=1), kept(a=None)).behind == ("a",)


def test_what_its_owner_does_not_know_is_announced_to_it_by_nobody() -> None:
    """A person created client f after a backup: activation has it, and onboarding holds all that is said of it."""
    kept_of_clients = Difference("activation", "clients", "onboarding", "client", unknown=("f",))
    told_of_it = Difference("onboarding", "activations", "activation", "activation", behind=("b",), waiting=("d", "f"))
    also_told = Difference("notifier", "clients", "activation", "activation", missing=("f",))
    clients, activations, bells = with_orphans([kept_of_clients, told_of_it, also_told])
    assert (activations.orphans, activations.plain, activations.raised) == (("f",), ("b",), ("d",))
    assert (clients.plain, clients.raised, clients.orphans) == ((), (), ("f",))
    assert (bells.orphans, bells.plain) == ((), ("f",))


def test_what_its_owner_has_lost_is_made_again_from_what_it_is_made_from() -> None:
    """Activation lost client f: onboarding tells of it, and then nobody's copy is unknown any more."""
    lost = Difference("activation", "clients", "onboarding", "client", missing=("f",))
    kept = [Difference(who, "x", "activation", "activation", unknown=("f",)) for who in ("onboarding", "notifier")]
    found = with_orphans([lost, *kept])
    assert [each.needs_a_person for each in found] == [False, False, False]
    assert found[0].plain == ("f",)
