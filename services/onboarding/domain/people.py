"""Who of an agency has to do with a client, as activation tells it: linked consultants, and those who are its users."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class People:
    """Subjects. An agency may let each consultant see the clients alone that they have to do with."""

    linked: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()

    def linking(self, subs: Iterable[str]) -> "People":
        """These are linked, and no others."""
        return replace(self, linked=frozenset(subs))

    def using(self, sub: str, *, active: bool) -> "People":
        """Somebody is a user now, or is none any more."""
        return replace(self, users=self.users | {sub} if active else self.users - {sub})
