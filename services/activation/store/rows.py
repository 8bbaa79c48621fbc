"""Tables of what belongs to a client, described once: how rows are read, and what of them is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import UUID

from chassis.unit_of_work import UnitOfWork

K = TypeVar("K")
V = TypeVar("V")

Columns = Mapping[str, str]
"""Name → type in Postgres."""


@dataclass(frozen=True)
class Rows(Generic[K, V]):
    """One table whose rows belong to clients. `key` and `values` are its columns behind `client_id`, in their order.

    `to_key` and `to_values` make a row of what the domain has, `read` the other way. A row may be all key (a link).
    """

    table: str
    key: Columns
    values: Columns
    to_key: Callable[[K], tuple[Any, ...]]
    to_values: Callable[[V], tuple[Any, ...]]
    read: Callable[[Any], tuple[K, V]]

    async def load(self, uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, dict[K, V]]:
        """Client → its rows."""
        found: dict[UUID, dict[K, V]] = {each: {} for each in ids}
        for row in await uow.connection.fetch(self._select, ids):
            key, value = self.read(row)
            found[row["client_id"]][key] = value
        return found

    async def save(self, uow: UnitOfWork, pairs: Sequence[tuple[UUID, Mapping[K, V], Mapping[K, V]]]) -> None:
        """Writes the differences of (client, before, after)."""
        put: list[tuple[Any, ...]] = []
        gone: list[tuple[Any, ...]] = []
        for client_id, before, after in pairs:
            for key, value in after.items():
                known = before.get(key)
                if key not in before or (known is not value and known != value):
                    put.append((client_id, *self.to_key(key), *self.to_values(value)))
            gone += [(client_id, *self.to_key(key)) for key in before if key not in after]
        if gone:
            await uow.connection.execute(self._delete, *zip(*gone, strict=True))
        if put:
            await uow.connection.execute(self._upsert, *zip(*put, strict=True))

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {"client_id": "uuid", **self.key}

    @cached_property
    def _select(self) -> str:
        names = ", ".join([*self._keys, *self.values])
        return f"select {names} from {self.table} where client_id = any($1::uuid[])"  # noqa: S608  # our own names

    @cached_property
    def _upsert(self) -> str:
        columns = {**self._keys, **self.values}
        setting = ", ".join(f"{name} = excluded.{name}" for name in self.values)
        doing = f"update set {setting}" if setting else "nothing"
        return (
            f"insert into {self.table} ({', '.join(columns)}) "  # noqa: S608  # our own names
            f"select * from unnest({_arrays(columns)}) on conflict ({', '.join(self._keys)}) do {doing}"
        )

    @cached_property
    def _delete(self) -> str:
        matching = " and ".join(f"t.{name} = n.{name}" for name in self._keys)
        return (
            f"delete from {self.table} t using unnest({_arrays(self._keys)}) "  # noqa: S608  # our own names
            f"as n({', '.join(self._keys)}) where {matching}"
        )


def _arrays(columns: Columns) -> str:
    return ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), 1))
