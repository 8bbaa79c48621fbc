"""Idempotency-Key: the answer to a request is stored with its effect, and given again for 45 days."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from chassis.unit_of_work import UnitOfWork
from schemas.errors import Refused

KEPT = timedelta(days=45)


class IdempotencyKeyInUse(Refused):
    """The same key is being handled right now."""

    code = "idempotency_key_in_use"


class IdempotencyKeyReused(Refused):
    """The key was used before with another content."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """`scope` is who may use the key for what (agency, caller, route); `digest` is of the content sent with it."""

    scope: str
    key: str
    digest: bytes

    @classmethod
    def of(cls, scope: str, key: str, content: bytes) -> "IdempotencyKey":
        return cls(scope, key, hashlib.sha256(content).digest())


async def remembered(uow: UnitOfWork, idempotency: IdempotencyKey) -> tuple[int, dict[str, Any]] | None:
    """The earlier answer (status, body), or None. Raises IdempotencyKeyInUse, IdempotencyKeyReused."""
    place = f"{idempotency.scope}\x1f{idempotency.key}"
    free = await uow.connection.fetchval("select pg_try_advisory_xact_lock(hashtextextended($1, 7))", place)
    if not free:
        raise IdempotencyKeyInUse
    row = await uow.connection.fetchrow(
        "select digest, status, body from idempotency_keys where scope = $1 and key = $2",
        idempotency.scope,
        idempotency.key,
    )
    if row is None:
        return None
    if row["digest"] != idempotency.digest:
        raise IdempotencyKeyReused
    return row["status"], orjson.loads(row["body"])


async def remember(uow: UnitOfWork, idempotency: IdempotencyKey, status: int, body: dict[str, Any]) -> None:
    """Stores the answer in the transaction that has the effect."""
    await uow.connection.execute(
        "insert into idempotency_keys (scope, key, digest, status, body, created_at) values ($1, $2, $3, $4, $5, $6)",
        idempotency.scope,
        idempotency.key,
        idempotency.digest,
        status,
        orjson.dumps(body).decode(),
        uow.now,
    )


async def forget_old(uow: UnitOfWork, limit: int = 1000) -> int:
    """Removes keys older than 45 days, at most `limit` at a time, and answers how many."""
    done = await uow.connection.execute(
        """delete from idempotency_keys where (scope, key) in (
             select scope, key from idempotency_keys where created_at < $1 limit $2)""",
        uow.now - KEPT,
        limit,
    )
    return int(done.split()[-1])
