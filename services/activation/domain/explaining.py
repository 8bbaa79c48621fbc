"""Why a user can, or cannot, do something: each link of the chain, the ones that are missing, and who can mend them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.errors import problem
from schemas.programs import PROGRAMS, Part
from schemas.values import Level
from services.activation.domain.administrators import administrators
from services.activation.domain.client import Cell, Client, Member
from services.activation.domain.counting import Usage, usage
from services.activation.domain.permitting import LevelNotAllowed, UnknownPart
from services.activation.domain.saving import UnknownUser

_ORDER: tuple[Level, ...] = ("none", "on", "read", "write")


@dataclass(frozen=True, slots=True)
class Question:
    """Can this user do something in a part, at this level?"""

    user_id: UUID
    program: str
    part: str
    level: Level


@dataclass(frozen=True, slots=True)
class Link:
    """One thing that must hold. `code` says what is missing, in the words of the catalogue of codes."""

    what: str
    holds: bool
    code: str | None = None
    fix: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def explain(client: Client, question: Question, now: datetime) -> dict[str, Any]:
    """`allowed`, and the chain; of each missing link, the code and who can fix it by name.

    Raises UnknownUser, UnknownPart, LevelNotAllowed.
    """
    user = client.users.get(question.user_id)
    part = PROGRAMS.part(question.program, question.part)
    if user is None:
        raise UnknownUser
    if part is None:
        raise UnknownPart
    if question.level not in part.levels:
        raise LevelNotAllowed
    chain = list(_chain(client, user, part, question, now))
    return {
        "allowed": all(each.holds for each in chain),
        "chain": [_shown(client, each, question, part) for each in chain],
    }


def _chain(client: Client, user: Member, part: Part, question: Question, now: datetime) -> Iterator[Link]:
    status = client.activation.status
    yield _link("activated", client.activation.activated_at is not None, "client_not_activated", "client_manager")
    if user.kind == "consultant":
        yield _link("connected", status != "disconnected", "client_disconnected", "onboarding")
    sent = client.invitations.get(user.user_id)
    waits = sent is not None and sent.state == "open"
    yield _link(
        "invitation_accepted", user.state != "invited", "user_not_active", "user" if waits else "system_administrator"
    )
    yield _link("user_active", user.state in ("active", "invited"), "user_not_active", "system_administrator")
    if user.kind == "client":
        yield from _licence_links(client, user, part, question, now)
    if part.parent is not None:
        parent = Cell(user.user_id, "permission", question.program, part.parent)
        yield _link(
            "parent_permission", client.holds(parent, now), "parent_permission_required", "program_administrator"
        )
    held = client.grants.get(Cell(user.user_id, "permission", question.program, question.part))
    enough = held is not None and _reaches(held.level, question.level)
    yield _link("permission", enough or question.level == "none", "permission_missing", "program_administrator")


def _licence_links(client: Client, user: Member, part: Part, question: Question, now: datetime) -> Iterator[Link]:
    yield _link("program_access", client.activation.program_access, "licences_not_allowed", "system_administrator")
    opening = PROGRAMS.licences_for(part)
    held = [each for each in opening if client.holds(Cell(user.user_id, "licence", each), now)]
    counted = usage(client.licences, client.users, client.grants)
    ordered = [each for each in opening if counted.get(each, _NONE).purchased > 0]
    yield _link("program_ordered", bool(ordered or held), "program_not_ordered", "system_administrator")
    if not held:
        free = [each for each in ordered if counted[each].available > 0]
        over = [each for each in ordered if counted[each].used > counted[each].purchased]
        code = "licence_required" if free or not ordered else "over_assigned" if over else "no_licence_available"
        first = counted[(free or over or ordered)[0]] if ordered else _NONE
        facts = {"purchased": first.purchased, "assigned": first.assigned, "reserved": first.reserved}
        yield Link("licence", False, code, "program_administrator" if free else "system_administrator", facts)
        return
    yield _link("licence", True, None, None)
    reaches = any(part.allows(question.level, opening[each]) for each in held)
    yield _link("licence_reaches", reaches, "level_exceeds_licence", "program_administrator")


_NONE = Usage(0, 0, 0)


def _link(what: str, holds: bool, code: str | None, fix: str | None) -> Link:  # read as a sentence
    return Link(what, holds, None if holds else code, None if holds else fix)


def _reaches(held: Level, wanted: Level) -> bool:
    return _ORDER.index(held) >= _ORDER.index(wanted)


def _shown(client: Client, link: Link, question: Question, part: Part) -> dict[str, Any]:
    shown: dict[str, Any] = {"what": link.what, "holds": link.holds}
    if link.holds:
        return shown
    who = [each.name for each in administrators(client)]
    if link.fix == "program_administrator":
        who += [
            client.users[cell.user_id].name
            for cell in client.grants
            if cell.kind == "program_administrator" and cell.program in part.programs
        ]
    if link.fix == "user":
        who = [client.users[question.user_id].name]
    text = problem(link.code or "internal_error", **link.facts)
    said = {"code": link.code, "detail_sv": text["detail_sv"], "detail_en": text["detail_en"]}
    return shown | said | {"who_can_fix": {"role": link.fix, "names": sorted(set(who))}}
