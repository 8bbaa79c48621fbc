"""Locks on several rows, always taken in key order, so that two transactions cannot wait for each other."""

from collections.abc import Iterable

from chassis.unit_of_work import UnitOfWork


async def lock_rows(uow: UnitOfWork, table: str, column: str, keys: Iterable[object]) -> None:
    """Locks the rows whose `column` is one of `keys`. Counters are locked last, by a call of their own."""
    await uow.connection.execute(
        f"select from {table} where {column} = any($1) order by {column} for update",  # names from code
        list(keys),
    )
