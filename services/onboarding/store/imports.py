"""Imports and their rows: stored sealed by COPY, worked off in batches, shown with what became of each."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from schemas.values import Person
from services.onboarding.domain.importing import KEPT, Earlier, Import, Result, pause

RACES = (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError)
"""Somebody was quicker with the same client; decided anew on what they wrote."""

_SHOWN = """import_id, agency, created_by_sub, created_by_name, dry_run, status, correlation_id, created_at,
  finished_at, total, created, valid, known, refused, also_sent_by"""

_ADD = """insert into imports (import_id, agency, created_by_sub, created_by_name, dry_run, digest, status,
  correlation_id, created_at, worked_at, total, master_key_id, wrapped_key, sealed)
values ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $8, $9, $10, $11, $12)"""

_PENDING = """select number, sealed from import_rows where import_id = $1 and status = 'pending'
 order by number limit $2"""

_EARLIER = """select number, client_id, twin, reference from import_rows
 where import_id = $1 and client_id is not null and status in ('created', 'valid')
   and (twin = any($2::bytea[]) or reference = any($3::bytea[]))
 order by number desc"""

_SETTLE = """update import_rows r
   set status = n.status, sealed = null, twin = n.twin, reference = n.reference, identity_mask = n.mask,
       client_id = n.client_id, same_row = n.same_row, code = n.code, errors = n.errors::jsonb,
       warnings = n.warnings::jsonb
  from unnest($2::int[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::uuid[], $8::int[], $9::text[],
              $10::text[], $11::text[])
    as n(number, status, twin, reference, mask, client_id, same_row, code, errors, warnings)
 where r.import_id = $1 and r.number = n.number"""

_COUNT = """update imports set created = created + $2, valid = valid + $3, known = known + $4, refused = refused + $5,
       worked_at = $6, failures = 0, next_try_at = null
 where import_id = $1"""

_FINISH = """update imports set status = 'done', finished_at = $2, master_key_id = null, wrapped_key = null,
       sealed = null
 where import_id = $1"""

_ROWS = """select number, line, status, identity_mask, client_id, same_row, code, errors, warnings from import_rows
 where import_id = $1 and number > $2 and ($3::text is null or status = $3) order by number limit $4"""


class Settled:
    """A row with what became of it, and the keys by which later rows find it."""

    __slots__ = ("mask", "number", "reference", "result", "twin")

    def __init__(
        self, number: int, result: Result, twin: bytes | None, reference: bytes | None, mask: str | None
    ) -> None:
        self.number, self.result, self.twin, self.reference, self.mask = number, result, twin, reference, mask


async def add(
    uow: UnitOfWork,
    new: Import,
    digest: bytes,
    key: tuple[str, bytes, bytes],
    rows: Sequence[tuple[int, int, bytes]],
) -> None:
    """Stores a file with its rows (number, line, sealed). The same one must not be there: see `alone` and `same`."""
    await uow.connection.execute(
        _ADD,
        new.import_id,
        new.agency,
        new.created_by.sub,
        new.created_by.name,
        new.dry_run,
        digest,
        new.correlation_id,
        new.created_at,
        len(rows),
        *key,
    )
    await uow.connection.copy_records_to_table(
        "import_rows",
        columns=("import_id", "number", "line", "status", "sealed"),
        records=[(new.import_id, number, line, "pending", sealed) for number, line, sealed in rows],
    )


async def alone(uow: UnitOfWork, agency: str) -> None:
    """Until the transaction ends, nobody else takes a file of this agency in: two at once would not see each other."""
    await uow.connection.execute("select pg_advisory_xact_lock(hashtextextended('imports:' || $1, 7))", agency)


async def same(uow: UnitOfWork, agency: str, digest: bytes, *, dry_run: bool) -> Import | None:
    """The import of the same file; a dry run only while it is under way, since what it says grows old."""
    row = await uow.connection.fetchrow(
        f"select {_SHOWN} from imports where agency = $1 and digest = $2 and dry_run = $3"  # noqa: S608  # names only
        " and (not dry_run or status = 'running')",
        agency,
        digest,
        dry_run,
    )
    return None if row is None else import_of(row)


async def note_sender(uow: UnitOfWork, import_id: UUID, sub: str) -> None:
    """Somebody else sent the same file."""
    await uow.connection.execute(
        "update imports set also_sent_by = array_append(also_sent_by, $2) where import_id = $1", import_id, sub
    )


async def count_running(uow: UnitOfWork, agency: str) -> int:
    """How many files of an agency are under way."""
    found = await uow.connection.fetchval(
        "select count(*) from imports where agency = $1 and status = 'running'", agency
    )
    return int(found)


async def read(database: Database, import_id: UUID) -> Import | None:
    """One import, or None."""
    row = await database.fetchrow(f"select {_SHOWN} from imports where import_id = $1", import_id)  # noqa: S608  # names only
    return None if row is None else import_of(row)


async def read_within(uow: UnitOfWork, import_id: UUID) -> Import | None:
    """The same inside a transaction."""
    row = await uow.connection.fetchrow(f"select {_SHOWN} from imports where import_id = $1", import_id)  # noqa: S608  # names only
    return None if row is None else import_of(row)


async def digest_of(uow: UnitOfWork, import_id: UUID) -> bytes:
    """The keyed digest of an import's file."""
    return bytes(await uow.connection.fetchval("select digest from imports where import_id = $1", import_id))


async def page(database: Database, agency: str, sub: str | None, before: UUID | None, limit: int) -> list[Import]:
    """At most `limit` imports, newest first: one person's, or all of the agency."""
    rows = await database.fetch(
        f"""select {_SHOWN} from imports
             where agency = $1 and ($2::text is null or created_by_sub = $2 or $2 = any(also_sent_by))
               and ($3::uuid is null or import_id < $3)
             order by import_id desc limit $4""",  # noqa: S608  # column names only
        agency,
        sub,
        before,
        limit,
    )
    return [import_of(row) for row in rows]


async def rows_page(database: Database, import_id: UUID, after: int, status: str | None, limit: int) -> list[Any]:
    """At most `limit` rows of an import, in the order of the file."""
    return await database.fetch(_ROWS, import_id, after, status, limit)


async def next_running(uow: UnitOfWork) -> tuple[Import, Any] | None:
    """The import under way that has waited longest, locked, with the row that has its sealed key.

    They take turns, a batch each; one that failed is passed over for a while.
    """
    row = await uow.connection.fetchrow(
        f"select {_SHOWN}, master_key_id, wrapped_key, sealed from imports where status = 'running'"  # noqa: S608  # as above
        " and (next_try_at is null or next_try_at <= $1) order by worked_at, import_id limit 1 for update",
        uow.now,
    )
    return None if row is None else (import_of(row), row)


async def pending(uow: UnitOfWork, import_id: UUID, limit: int) -> list[Any]:
    """The next rows, sealed, in the order of the file."""
    return await uow.connection.fetch(_PENDING, import_id, limit)


async def earlier(
    uow: UnitOfWork, import_id: UUID, twins: Sequence[bytes], references: Sequence[bytes]
) -> dict[bytes, Earlier]:
    """Key → the first row before that has it, and has or would have a client."""
    found: dict[bytes, Earlier] = {}
    for row in await uow.connection.fetch(_EARLIER, import_id, twins, references):
        for key in (row["twin"], row["reference"]):
            if key is not None:
                found[key] = Earlier(row["number"], row["client_id"])
    return found


async def settle(uow: UnitOfWork, import_id: UUID, settled: Sequence[Settled]) -> None:
    """Stores what became of rows, destroys their content, and counts them."""
    results = [each.result for each in settled]
    await uow.connection.execute(
        _SETTLE,
        import_id,
        [each.number for each in settled],
        [each.status for each in results],
        [each.twin for each in settled],
        [each.reference for each in settled],
        [each.mask for each in settled],
        [each.client_id for each in results],
        [each.same_row for each in results],
        [each.code for each in results],
        [
            _json([{"pointer": e.pointer, "code": e.code, "choices": e.choices} for e in each.errors])
            for each in results
        ],
        [_json([{"pointer": w.pointer, "code": w.code} for w in each.warnings]) for each in results],
    )
    counts = [sum(each.status == status for each in results) for status in ("created", "valid", "known", "refused")]
    await uow.connection.execute(_COUNT, import_id, *counts, uow.now)


async def pass_over(uow: UnitOfWork, import_id: UUID) -> int:
    """Leaves an import that failed alone for a while, and answers how often it has failed in a row."""
    failures = await uow.connection.fetchval(
        "update imports set failures = failures + 1 where import_id = $1 returning failures", import_id
    )
    await uow.connection.execute(
        "update imports set next_try_at = $2 where import_id = $1", import_id, uow.now + pause(failures)
    )
    return int(failures)


async def finish(uow: UnitOfWork, import_id: UUID) -> None:
    """Ends an import: its key is destroyed, and the keys by which rows were compared."""
    await uow.connection.execute(_FINISH, import_id, uow.now)
    await uow.connection.execute(
        """update import_rows set twin = null, reference = null
            where import_id = $1 and (twin is not null or reference is not null)""",
        import_id,
    )


async def forget_finished(uow: UnitOfWork, limit: int = 5) -> int:
    """Removes imports that ended long ago, with their rows."""
    done = await uow.connection.execute(
        """delete from imports where import_id in
            (select import_id from imports where status = 'done' and finished_at < $1 limit $2)""",
        uow.now - KEPT,
        limit,
    )
    return int(done.split()[-1])


def import_of(row: Any) -> Import:
    """A row as the domain knows it."""
    counts: Mapping[str, int] = {each: row[each] for each in ("created", "valid", "known", "refused")}
    return Import(
        import_id=row["import_id"],
        agency=row["agency"],
        created_by=Person(sub=row["created_by_sub"], name=row["created_by_name"]),
        dry_run=row["dry_run"],
        status=row["status"],
        correlation_id=row["correlation_id"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        rows={"total": row["total"], "done": sum(counts.values()), **counts},
        also_sent_by=frozenset(row["also_sent_by"]),
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
