"""New rows of a table: few by a prepared INSERT, which is one way to Postgres and back; many by COPY, which is two."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

FEW = 8
"""So many rows go by INSERT, all in one way. Where COPY begins to pay was not measured."""


async def add_rows(
    connection: "PoolConnectionProxy[Any]", table: str, columns: tuple[str, ...], records: Sequence[Sequence[Any]]
) -> None:
    """Adds rows, each with its values in the order of the columns; nothing where there are none.

    Raises asyncpg.IntegrityConstraintViolationError.
    """
    if len(records) == 1:
        await connection.execute(insertion(table, columns), *records[0])
    elif 0 < len(records) <= FEW:
        await connection.executemany(insertion(table, columns), records)
    elif records:
        await connection.copy_records_to_table(table, columns=columns, records=records)


@cache
def insertion(table: str, columns: tuple[str, ...]) -> str:
    """The statement that adds one row."""
    values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"insert into {table} ({', '.join(columns)}) values ({values})"  # noqa: S608  # names of ours only
