"""The tables that a client's state is stored in, and how each row reads as the domain has it."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from schemas.values import Person
from services.activation.domain.client import (
    Cell,
    Disconnecting,
    Held,
    Invitation,
    Licence,
    Member,
    Reduction,
    Restoring,
)
from services.activation.store.rows import Rows

LICENCES: Rows[str, Licence] = Rows(
    "licences",
    {"program": "text"},
    {"ordered": "int", "purchased": "int", "grace_until": "timestamptz", "low_told": "boolean"},
    lambda program: (program,),
    attrgetter("ordered", "purchased", "grace_until", "low_told"),
    lambda row: (row["program"], Licence(row["ordered"], row["purchased"], row["grace_until"], row["low_told"])),
)

USERS: Rows[UUID, Member] = Rows(
    "users",
    {"user_id": "uuid"},
    {
        **dict.fromkeys(("kind", "sub", "name", "email", "locale", "state"), "text"),
        "logged_in_at": "timestamptz",
    },
    lambda user_id: (user_id,),
    lambda user: (user.kind, user.sub, user.name, user.email or None, user.locale, user.state, user.logged_in_at),
    lambda row: (
        row["user_id"],
        Member(
            row["user_id"],
            row["kind"],
            row["sub"],
            row["name"],
            row["email"] or "",
            row["locale"],
            row["state"],
            row["logged_in_at"],
        ),
    ),
)

GRANTS: Rows[Cell, Held] = Rows(
    "grants",
    {"user_id": "uuid", "kind": "text", "program": "text", "part": "text"},
    {"level": "text", "until": "timestamptz", "granted_at": "timestamptz"},
    attrgetter("user_id", "kind", "program", "part"),
    attrgetter("level", "until", "granted_at"),
    lambda row: (
        Cell(row["user_id"], row["kind"], row["program"], row["part"]),
        Held(row["level"], row["until"], row["granted_at"]),
    ),
)

INVITATIONS: Rows[UUID, Invitation] = Rows(
    "invitations",
    {"user_id": "uuid"},
    {
        "invitation_id": "uuid",
        "state": "text",
        "generation": "int",
        "mailing": "int",
        "kid": "text",
        "invited_by_sub": "text",
        "invited_by_name": "text",
        "expires_at": "timestamptz",
        "resends_on": "text",
        "readdressed_on": "text",
    },
    lambda user_id: (user_id,),
    lambda each: (
        each.invitation_id,
        each.state,
        each.generation,
        each.mailing,
        each.kid,
        each.invited_by.sub,
        each.invited_by.name,
        each.expires_at,
        _joined(each.resends_on),
        _joined(each.readdressed_on),
    ),
    lambda row: (row["user_id"], _invitation(row)),
)

REDUCTIONS: Rows[UUID, Reduction] = Rows(
    "reductions",
    {"reduction_id": "uuid"},
    {
        "program": "text",
        "count": "int",
        "effective_at": "timestamptz",
        "reason": "text",
        "by_source": "boolean",
        "request_id": "uuid",
        "rises": "boolean",
        "release": "text",
    },
    lambda reduction_id: (reduction_id,),
    lambda each: (
        each.program,
        each.count,
        each.effective_at,
        each.reason,
        each.by_source,
        each.request_id,
        each.rises,
        " ".join(map(str, each.release)),
    ),
    lambda row: (
        row["reduction_id"],
        Reduction(
            row["reduction_id"],
            row["program"],
            row["count"],
            row["effective_at"],
            row["reason"],
            row["by_source"],
            row["request_id"],
            row["rises"],
            tuple(map(UUID, row["release"].split())),
        ),
    ),
)

LINKS: Rows[str, None] = Rows(
    "links", {"sub": "text"}, {}, lambda sub: (sub,), lambda _: (), lambda row: (row["sub"], None)
)

DISCONNECTIONS: Rows[None, Disconnecting] = Rows(
    "disconnections",
    {},
    {
        "disconnection_id": "uuid",
        "generation": "int",
        "kid": "text",
        "by_sub": "text",
        "by_name": "text",
        "expires_at": "timestamptz",
    },
    lambda _: (),
    attrgetter("disconnection_id", "generation", "kid", "by.sub", "by.name", "expires_at"),
    lambda row: (None, _disconnecting(row)),
)


RESTORATIONS: Rows[None, Restoring] = Rows(
    "restorations",
    {},
    {"sub": "text", "reason": "text", "by_sub": "text", "at": "timestamptz"},
    lambda _: (),
    attrgetter("sub", "reason", "by_sub", "at"),
    lambda row: (None, Restoring(row["sub"], row["reason"], row["by_sub"], row["at"])),
)


def _joined(moments: Iterable[datetime]) -> str:
    return " ".join(at.isoformat() for at in moments)


def _moments(joined: str) -> tuple[datetime, ...]:
    return tuple(map(datetime.fromisoformat, joined.split()))


def _invitation(row: Any) -> Invitation:
    return Invitation(
        row["invitation_id"],
        row["user_id"],
        row["state"],
        row["generation"],
        row["mailing"],
        row["kid"],
        Person.model_construct(sub=row["invited_by_sub"], name=row["invited_by_name"]),
        row["expires_at"],
        _moments(row["resends_on"]),
        _moments(row["readdressed_on"]),
    )


def _disconnecting(row: Any) -> Disconnecting:
    return Disconnecting(
        row["disconnection_id"],
        row["generation"],
        row["kid"],
        Person.model_construct(sub=row["by_sub"], name=row["by_name"]),
        row["expires_at"],
    )
