"""What a reader keeps is compared with what its owner has."""

from typing import Any

from aktivera.reconciliation import Difference, compare

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
