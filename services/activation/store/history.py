"""The history of a client: what was done and what was refused, only ever added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from chassis.adding import add_rows
from chassis.db import Database
from chassis.unit_of_work import UnitOfWork
from services.activation.domain.activation import Activation
from services.activation.domain.client import Cell, Client
from services.activation.domain.history import Author, Entry
from services.activation.domain.tried import Tried

_COLUMNS = (
    "client_id",
    "agency",
    "at",
    "act",
    "by_sub",
    "acting_as",
    "correlation_id",
    "refused",
    "reason",
    "kind",
    "user_id",
    "program",
    "part",
    "before",
    "after",
    "own",
    "access_version",
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A try that was refused: who, what they tried, and with which code."""

    client_id: UUID
    agency: str
    author: Author
    code: str
    correlation_id: str
    tried: Sequence[Tried] = (Tried(),)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: of one user, by one subject, of one act, refused or not, since and until when; None: any."""

    user_id: UUID | None = None
    by_sub: str | None = None
    act: str | None = None
    refused: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


async def add(uow: UnitOfWork, clients: Sequence[Client]) -> None:
    """Adds what decisions have noted."""
    noted = [(client, entry) for client in clients for entry in client.noted]
    plain = [_row(uow, client, entry) for client, entry in noted if entry.contact is None]
    await add_rows(uow.connection, "history", _COLUMNS, plain)
    for client, entry in noted:
        if entry.contact is not None:
            await _add_contact(uow, client, entry)


async def add_turns(uow: UnitOfWork, turned: Sequence[Activation]) -> None:
    """Adds that clients were activated or cancelled, which is decided without all that belongs to them."""
    rows = []
    for each in turned:
        by = Author("cancel", each.cancelled_by_id or "", "onboarding", each.reason)
        if each.activated_by_sub is not None:
            by = Author("activate", each.activated_by_sub, "consultant")
        rows.append(_plain_row(uow, each, by, "status", {"value": each.status}))
        if each.became_system_administrator and each.activated_by_sub is not None:
            user_id = uuid5(each.client_id, each.activated_by_sub)
            rows.append(_plain_row(uow, each, by, "system_administrator", {"level": "on"}, user_id))
    await add_rows(uow.connection, "history", _COLUMNS, rows)


async def add_confirmation(uow: UnitOfWork, activation: Activation) -> None:
    """Adds that somebody confirmed that the agency knows the client."""
    author = Author("confirm_kyc", activation.kyc_by or "", "consultant")
    row = _plain_row(uow, activation, author, "kyc", {"value": "confirmed"})
    await add_rows(uow.connection, "history", _COLUMNS, [row])


async def refuse(uow: UnitOfWork, refusal: Refusal) -> None:
    """Adds a try that was refused, an entry for each thing that was tried, with what was held there."""
    author = refusal.author
    held = await _held(uow, refusal)
    invited = await _invited(uow, [each.invitation_id for each in refusal.tried if each.invitation_id is not None])
    rows = [
        (
            refusal.client_id,
            refusal.agency,
            uow.now,
            author.act,
            author.sub,
            author.acting_as,
            refusal.correlation_id,
            refusal.code,
            author.reason,
            "refusal",
            each.user_id or invited.get(each.invitation_id),
            each.program,
            each.part,
            orjson.dumps({"level": held[each.cell]}).decode() if each.cell in held else None,
            orjson.dumps(each.wanted).decode() if each.wanted else None,
            False,
            0,
        )
        for each in refusal.tried
    ]
    await add_rows(uow.connection, "history", _COLUMNS, rows)


async def _held(uow: UnitOfWork, refusal: Refusal) -> dict[Cell | None, str]:
    """What the users that were to be changed hold in the cells that were."""
    users = {each.cell.user_id for each in refusal.tried if each.cell is not None}
    if not users:
        return {}
    rows = await uow.connection.fetch(
        """select user_id, kind, program, part, level from grants
            where client_id = $1 and user_id = any($2::uuid[]) and (until is null or until > $3)""",
        refusal.client_id,
        sorted(users),
        uow.now,
    )
    return {Cell(row["user_id"], row["kind"], row["program"], row["part"]): row["level"] for row in rows}


async def _invited(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID | None, UUID]:
    """Whom invitations are for."""
    if not ids:
        return {}
    rows = await uow.connection.fetch(
        "select invitation_id, user_id from invitations where invitation_id = any($1::uuid[])", ids
    )
    return {row["invitation_id"]: row["user_id"] for row in rows}


async def page(
    database: Database,
    client_id: UUID,
    before: int,
    limit: int,
    wanted: Wanted,
) -> list[Any]:
    """At most `limit` entries that came before an id, newest first."""
    return await database.fetch(
        """select h.*, c.before as contact_before, c.after as contact_after
             from history h left join history_contacts c using (history_id)
            where h.client_id = $1 and h.history_id < $2 and ($4::uuid is null or h.user_id = $4)
              and ($5::text is null or h.by_sub = $5) and ($6::text is null or h.act = $6)
              and ($7::boolean is null or (h.refused is not null) = $7)
              and ($8::timestamptz is null or h.at >= $8) and ($9::timestamptz is null or h.at < $9)
            order by h.history_id desc limit $3""",
        client_id,
        before,
        limit,
        wanted.user_id,
        wanted.by_sub,
        wanted.act,
        wanted.refused,
        wanted.since,
        wanted.until,
    )


async def since(database: Database, client_id: UUID, version: int, limit: int) -> list[Any]:
    """At most `limit` changes of the matrix that made later access versions, in order."""
    return await database.fetch(
        """select *, null::jsonb as contact_before, null::jsonb as contact_after from history
            where client_id = $1 and access_version > $2
              and kind in ('licence', 'permission', 'program_administrator', 'system_administrator')
            order by access_version, history_id limit $3""",
        client_id,
        version,
        limit,
    )


def shown(row: Any) -> dict[str, Any]:
    """An entry as it is told."""
    return {
        "history_id": row["history_id"],
        "at": row["at"].isoformat().replace("+00:00", "Z"),
        "act": row["act"],
        "by": row["by_sub"],
        "acting_as": row["acting_as"],
        "correlation_id": row["correlation_id"],
        "refused": row["refused"],
        "reason": row["reason"],
        "kind": row["kind"],
        "user_id": str(row["user_id"]) if row["user_id"] else None,
        "program": row["program"],
        "part": row["part"],
        "before": _value(row["before"] or row["contact_before"]),
        "after": _value(row["after"] or row["contact_after"]),
        "own": row["own"],
    }


def _plain_row(
    uow: UnitOfWork,
    activation: Activation,
    author: Author,
    kind: str,
    value: dict[str, str],
    user_id: UUID | None = None,
) -> tuple[Any, ...]:
    return (
        activation.client_id,
        activation.agency,
        uow.now,
        author.act,
        author.sub,
        author.acting_as,
        _correlation(uow, activation, author),
        None,
        author.reason,
        kind,
        user_id,
        *[None] * 3,
        orjson.dumps(value).decode(),
        user_id is not None,
        0,
    )


def _correlation(uow: UnitOfWork, activation: Activation, author: Author) -> str:
    """The request's own, so that one act can be told from another; the client's for what fell due meanwhile."""
    if uow.cause is None or author.acting_as in ("aktivera", "onboarding"):
        return activation.correlation_id
    return uow.cause.correlation_id


def _value(stored: str | None) -> Any:
    return None if stored is None else orjson.loads(stored)


async def _add_contact(uow: UnitOfWork, client: Client, entry: Entry) -> None:
    """Names and addresses stand apart, where they can be erased with the person."""
    assert entry.contact is not None
    names, places = ", ".join(_COLUMNS), ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 1))
    await uow.connection.execute(
        f"""with one as (insert into history ({names}) values ({places}) returning history_id, client_id)
            insert into history_contacts (history_id, client_id, before, after)
            select history_id, client_id, $18::jsonb, $19::jsonb from one""",  # noqa: S608  # our own names
        *_row(uow, client, entry),
        *(orjson.dumps(each).decode() for each in entry.contact),
    )


def _row(uow: UnitOfWork, client: Client, entry: Entry) -> tuple[Any, ...]:
    return (
        client.activation.client_id,
        client.activation.agency,
        uow.now,
        entry.author.act,
        entry.author.sub,
        entry.author.acting_as,
        _correlation(uow, client.activation, entry.author),
        entry.refused,
        entry.author.reason,
        entry.kind,
        entry.user_id,
        entry.program,
        entry.part,
        None if entry.before is None else orjson.dumps(entry.before).decode(),
        None if entry.after is None else orjson.dumps(entry.after).decode(),
        entry.own,
        client.access_version,
    )
