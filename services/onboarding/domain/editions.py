"""The edition that a change was made on: one that never was is told apart from one that is no more."""

from schemas.errors import Refused


class UnknownVersion(Refused):
    """The edition that the caller names has never been."""

    code = "unknown_version"


def must_have_been(seen: int, present: int) -> None:
    """Editions are counted from one. Raises UnknownVersion."""
    if not 1 <= seen <= present:
        raise UnknownVersion(version=present)
