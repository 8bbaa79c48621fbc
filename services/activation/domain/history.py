"""What an act changed, entry by entry, for the history that is only ever added to (rule book §7.8)."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from services.activation.domain.client import Client, Held, Invitation, Member, Reduction

ActingAs = Literal["consultant", "client_user", "operator", "aktivera", "onboarding"]
AGENCY_ROLES = frozenset({"client_manager", "agency_admin"})


def acting_as(roles: Set[str], *, own_user: bool, operating: bool = False) -> ActingAs:
    """In which capacity somebody acts: who is nothing but an operator does so as one, whatever they try."""
    if own_user:
        return "client_user"
    return "operator" if operating or ("operator" in roles and not roles & AGENCY_ROLES) else "consultant"


@dataclass(frozen=True, slots=True)
class Author:
    """Who did what: the act's name, the subject, in which capacity, and the reason where one is given."""

    act: str
    sub: str
    acting_as: ActingAs
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that changed. `before` and `after` name nobody; `contact` holds what does, and is erased with them.

    `own`: whoever acted changed what they hold themselves.
    """

    author: Author
    kind: str
    user_id: UUID | None = None
    program: str | None = None
    part: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    contact: tuple[Mapping[str, str], Mapping[str, str]] | None = None
    own: bool = False
    refused: str | None = None


def entries(before: Client, after: Client, author: Author) -> Iterator[Entry]:
    """All differences between a client before an act and after it."""
    yield from _users(before, after, author)
    yield from _grants(before, after, author)
    for program in sorted({*before.licences, *after.licences}):
        was, now = before.licences.get(program), after.licences.get(program)
        counts = was.purchased if was else 0, now.purchased if now else 0
        if counts[0] != counts[1]:
            yield Entry(author, "licences", None, program, None, {"purchased": counts[0]}, {"purchased": counts[1]})
    for key, waits, waited in _pairs(after.reductions, before.reductions):
        program = (waits or waited or after.reductions[key]).program
        yield Entry(author, "reduction", None, program, None, _reduction(waited), _reduction(waits))
    for user_id, sent, known in _pairs(after.invitations, before.invitations):
        yield Entry(author, "invitation", user_id, None, None, _invitation(known), _invitation(sent))
    for kind, then, new in zip(_FACTS, _facts(before), _facts(after), strict=True):
        if then != new:
            yield Entry(author, kind, None, None, None, {"value": then}, {"value": new})


def _users(before: Client, after: Client, author: Author) -> Iterator[Entry]:
    for user_id, now, was in _pairs(after.users, before.users):
        own = now is not None and now.sub == author.sub
        if (was.state if was else None) != (now.state if now else None):
            states = ({"state": was.state} if was else None), ({"state": now.state} if now else None)
            yield Entry(author, "user", user_id, None, None, *states, own=own)
        if was is not None and now is not None and _contact(was) != _contact(now):
            yield Entry(author, "contact", user_id, contact=(_contact(was), _contact(now)), own=own)


def _grants(before: Client, after: Client, author: Author) -> Iterator[Entry]:
    changed = [cell for cell, held in after.grants.items() if before.grants.get(cell) != held]
    changed += [cell for cell in before.grants if cell not in after.grants]
    for cell in sorted(changed, key=lambda each: (each.user_id, each.kind, each.program, each.part)):
        user = after.users.get(cell.user_id)
        yield Entry(
            author,
            cell.kind,
            cell.user_id,
            cell.program or None,
            cell.part or None,
            _held(before.grants.get(cell)),
            _held(after.grants.get(cell)),
            own=user is not None and user.sub == author.sub,
        )


def _pairs(after: Mapping[UUID, Any], before: Mapping[UUID, Any]) -> Iterator[tuple[UUID, Any, Any]]:
    for key in sorted({*after, *before}):
        now, was = after.get(key), before.get(key)
        if now is not was and now != was:
            yield key, now, was


def _held(held: Held | None) -> dict[str, Any] | None:
    return None if held is None else {"level": held.level} | _moment("until", held.until)


def _reduction(each: Reduction | None) -> dict[str, Any] | None:
    return (
        None
        if each is None
        else {"count": each.count, "reason": each.reason}
        | _moment("effective_at", each.effective_at)
        | ({"release": [str(user_id) for user_id in each.release]} if each.release else {})
    )


def _invitation(each: Invitation | None) -> dict[str, Any] | None:
    return None if each is None else {"state": each.state, "mailing": each.mailing}


def _contact(user: Member) -> dict[str, str]:
    return {"name": user.name, "email": user.email, "locale": user.locale}


def _moment(name: str, at: datetime | None) -> dict[str, str]:
    return {} if at is None else {name: at.isoformat()}


_FACTS = ("status", "responsible_consultant", "program_access", "linked", "disconnection", "restoration")


def _facts(client: Client) -> tuple[Any, ...]:
    activation, wish, asked = client.activation, client.disconnecting, client.restoring
    return (
        activation.status,
        activation.responsible_consultant,
        activation.program_access,
        sorted(client.linked),
        str(wish.disconnection_id) if wish else None,
        {"consultant": asked.sub, "reason": asked.reason} if asked else None,
    )
