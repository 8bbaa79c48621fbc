"""An act on a client while it is decided: what it changes so far, and what it says, in the order of its versions."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.activation import ClientScoped
from schemas.envelope import Decision, Say
from schemas.grants import GrantChange, GrantsChangedV1
from schemas.values import Person
from services.activation.domain.activation import Activation, Scope, scope_of
from services.activation.domain.client import Cell, Client, Held
from services.activation.domain.history import Author, Entry, entries

IN_ONE_EVENT = 2000
"""Cells that one event tells of: an event has a largest size, and a client may have ten thousand cells."""


class Draft:
    """Begins as the client is. Its mappings are copies that may be changed; `done` answers the decision."""

    def __init__(self, client: Client, now: datetime) -> None:
        self.before = client
        self.now = now
        self.activation: Activation = client.activation
        self.access_version = client.access_version
        self.licences = dict(client.licences)
        self.reductions = dict(client.reductions)
        self.users = dict(client.users)
        self.grants = dict(client.grants)
        self.invitations = dict(client.invitations)
        self.disconnecting = client.disconnecting
        self.restoring = client.restoring
        self.linked = client.linked
        self.other: dict[str, Any] = {}
        self._told = dict(client.grants)
        self._noted: list[Entry] = []
        self._remarks: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []
        self._noted_from = client
        self._says: list[Say] = []

    @property
    def scope(self) -> Scope:
        """What every event about the client carries."""
        return scope_of(self.activation)

    def say(self, data: ClientScoped, **changes: Any) -> None:
        """Says something in the client's next version, with changes of the activation that belong to it."""
        self.activation = replace(self.activation, version=self.activation.version + 1, **changes)
        self._says.append(Say(data, version=self.activation.version, correlation_id=self.activation.correlation_id))

    def grant(self, cell: Cell, held: Held | None) -> None:
        """Sets what a cell holds; None takes it away. Said by `tell_grants`."""
        if held is None:
            self.grants.pop(cell, None)
        elif (known := self.grants.get(cell)) is None or (known.level, known.until) != (held.level, held.until):
            self.grants[cell] = held

    def cells_of(self, user_id: UUID) -> list[Cell]:
        """What a user holds now."""
        return [cell for cell in self.grants if cell.user_id == user_id]

    def take_all(self, user_id: UUID) -> None:
        """Takes away all that a user holds (§7.6: who is disabled or removed keeps nothing)."""
        for cell in self.cells_of(user_id):
            del self.grants[cell]

    def tell_grants(self, by: Person) -> bool:
        """Says what changed in the matrix since it was last told; whether there was anything."""
        changes = list(changes_between(self._told, self.grants))
        if not changes:
            return False
        self._told = dict(self.grants)
        for begin in range(0, len(changes), IN_ONE_EVENT):
            self.access_version += 1
            told = changes[begin : begin + IN_ONE_EVENT]
            self.say(GrantsChangedV1(**self.scope, access_version=self.access_version, changed_by=by, changes=told))
        return True

    def remark(self, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Has the history tell something of the act that no difference of the client shows."""
        self._remarks.append((kind, before, after))

    def note(self, author: Author, refused: str | None = None) -> None:
        """Puts down in the history what has changed since it was last noted, as this author's; or what was refused."""
        if refused is not None:
            self._noted.append(Entry(author, "refusal", refused=refused))
        now = self.client()
        self._noted += entries(self._noted_from, now, author)
        self._noted += [Entry(author, kind, before=before, after=after) for kind, before, after in self._remarks]
        self._remarks = []
        self._noted_from = now

    def client(self) -> Client:
        """The client as the act leaves it so far; what the draft does later does not show in it."""
        return replace(
            self.before,
            activation=self.activation,
            access_version=self.access_version,
            licences=dict(self.licences),
            reductions=dict(self.reductions),
            users=dict(self.users),
            grants=dict(self.grants),
            invitations=dict(self.invitations),
            disconnecting=self.disconnecting,
            restoring=self.restoring,
            linked=self.linked,
            **self.other,
        )

    def done(self) -> Decision[Client]:
        """The client as it was, the very same, where the act changed nothing."""
        after = replace(self.client(), noted=tuple(self._noted))
        return Decision(self.before if after == self.before else after, tuple(self._says))


def changes_between(before: Mapping[Cell, Held], after: Mapping[Cell, Held]) -> Iterable[GrantChange]:
    """The cells that differ, in a fixed order."""
    cells = [cell for cell, held in after.items() if before.get(cell) != held]
    cells += [cell for cell in before if cell not in after]
    for cell in sorted(cells, key=lambda each: (each.user_id, each.kind, each.program, each.part)):
        was, now = before.get(cell), after.get(cell)
        yield GrantChange(
            user_id=cell.user_id,
            kind=cell.kind,
            program=cell.program or None,
            part=cell.part or None,
            before=was.level if was else "none",
            after=now.level if now else "none",
            until=now.until if now else None,
        )
