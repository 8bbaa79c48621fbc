"""What is shown of a client: its licences, its users with all that they hold, and what the caller may do."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from schemas.programs import PROGRAMS
from services.activation.domain.client import Cell, Client, Held, Member
from services.activation.domain.counting import coming, is_overtaken, usage
from services.activation.domain.permitting import founded
from services.activation.domain.rights import Actor, rights


def matrix(client: Client, actor: Actor, now: datetime) -> dict[str, Any]:
    """The client's licences and permissions, for whoever manages them."""
    mine = rights(client, actor, now)
    return {
        "client_id": str(client.activation.client_id),
        "client_name": client.activation.client_name,
        "status": client.activation.status,
        "access_version": client.access_version,
        "program_access": client.activation.program_access,
        "licences": licences(client),
        "reductions": reductions(client),
        "users": users(client),
        "you": {
            "user_id": str(mine.user_id) if mine.user_id else None,
            "system_administrator": mine.system,
            "program_administrator": sorted(mine.programs),
        },
    }


def licences(client: Client) -> list[dict[str, Any]]:
    """Each program's licences. `remaining`: how many are left once the reductions that wait have come."""
    shown = []
    for program, counted in usage(client.licences, client.users, client.grants).items():
        licence = client.licences.get(program)
        known = PROGRAMS.programs.get(program)
        shown.append(
            {
                "program": program,
                "purchased": counted.purchased,
                "assigned": counted.assigned,
                "reserved": counted.reserved,
                "available": counted.available,
                "remaining": coming(counted.purchased, client.reductions.values(), program),
                "over_assigned": counted.used > counted.purchased,
                "grace_until": _moment(licence.grace_until if licence else None),
                "retired": known.retired if known else True,
            }
        )
    return shown


def reductions(client: Client) -> list[dict[str, Any]]:
    """The reductions that wait, the next one first."""
    waiting = sorted(client.reductions.values(), key=lambda each: (each.effective_at, each.program))
    return [
        {
            "reduction_id": str(each.reduction_id),
            "program": each.program,
            "count": each.count,
            "effective_at": _moment(each.effective_at),
            "reason": each.reason,
            "release": [str(user_id) for user_id in each.release],
            "overtaken": is_overtaken(each, waiting),
        }
        for each in waiting
    ]


def users(client: Client) -> list[dict[str, Any]]:
    """All who are not removed, by name. A sole user is shown as administrator of every program (§7.5)."""
    there = [each for each in client.users.values() if each.state != "removed"]
    held: dict[Any, list[tuple[Cell, Held]]] = {each.user_id: [] for each in there}
    for cell, grant in client.grants.items():
        held[cell.user_id].append((cell, grant))
    sole = len(there) == 1
    there.sort(key=lambda each: (each.name, each.user_id))
    return [_user(client, each, held[each.user_id], sole) for each in there]


def _user(client: Client, user: Member, held: Iterable[tuple[Cell, Held]], sole: bool) -> dict[str, Any]:
    invitation = client.invitations.get(user.user_id)
    invited = user.state == "invited" and invitation is not None
    shown: dict[str, Any] = {
        "user_id": str(user.user_id),
        "kind": user.kind,
        "name": user.name,
        "email": user.email or None,
        "locale": user.locale,
        "state": user.state,
        "logged_in": user.logged_in_at is not None,
        "administrator_of_everything": sole,
        "grants": [
            grant(*each) for each in sorted(held, key=lambda each: (each[0].kind, each[0].program, each[0].part))
        ],
    }
    if invited and invitation is not None:
        shown["invitation"] = {
            "invitation_id": str(invitation.invitation_id),
            "state": invitation.state,
            "expires_at": _moment(invitation.expires_at),
            "mailings": invitation.mailing,
        }
    return shown


def grant(cell: Cell, held: Held) -> dict[str, Any]:
    """One thing that is held."""
    return {
        "kind": cell.kind,
        "program": cell.program or None,
        "part": cell.part or None,
        "level": held.level,
        "until": _moment(held.until),
    }


def own_access(row: Mapping[str, Any]) -> dict[str, Any]:
    """What one user may do now, for the programs to ask at each request."""
    active = row["state"] == "active"  # what waits for whoever is invited, they may not do yet
    cells = {
        Cell(row["user_id"], kind, program, part): level
        for kind, program, part, level in zip(row["kinds"], row["programs"], row["parts"], row["levels"], strict=True)
        if kind is not None and active
    }
    held = sorted(
        (cell.kind, cell.program, cell.part, level) for cell, level in founded(row["user_kind"], cells).items()
    )
    return {
        "client_id": str(row["client_id"]),
        "user_id": str(row["user_id"]),
        "state": row["state"],
        "access_version": row["access_version"],
        "valid_until": _moment(row["next_end"]) if active else None,
        "system_administrator": any(kind == "system_administrator" for kind, *_ in held),
        "program_administrator": [program for kind, program, *_ in held if kind == "program_administrator"],
        "licences": [program for kind, program, *_ in held if kind == "licence"],
        "permissions": [
            {"program": program, "part": part, "level": level}
            for kind, program, part, level in held
            if kind == "permission"
        ],
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
