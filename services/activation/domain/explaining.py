"""Why a user can, or cannot, do something: each link of the chain, the ones that are missing, and who can mend them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.errors import Pointed, Refused, problem
from schemas.programs import PROGRAMS, Part
from schemas.values import Level
from services.activation.domain.administrators import administrators
from services.activation.domain.client import Cell, Client, Held, Member
from services.activation.domain.counting import usage
from services.activation.domain.permitting import LevelNotAllowed, LicenceRequired, UnknownPart, UnknownProgram
from services.activation.domain.saving import UnknownUser
from services.activation.domain.seats import ProgramNotOrdered, seat_errors

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
    """One thing that must hold. `code` says what is missing, in the words of the catalogue of codes.

    `facts` fill the text, `more` is shown beside it.
    """

    what: str
    holds: bool
    code: str | None = None
    fix: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


def explain(client: Client, question: Question, now: datetime) -> dict[str, Any]:
    """`allowed`, and the chain; of each missing link, the code and who can fix it by name.

    The level `none` asks for nothing, and so nothing is missing for it.
    Raises UnknownUser, UnknownProgram, UnknownPart, LevelNotAllowed.
    """
    user = client.users.get(question.user_id)
    if user is None:
        raise UnknownUser(_asked("/user_id", UnknownUser))
    if question.program not in PROGRAMS.holders:
        raise UnknownProgram(_asked("/program", UnknownProgram))
    part = PROGRAMS.part(question.program, question.part)
    if part is None:
        raise UnknownPart(_asked("/part", UnknownPart))
    if question.level not in part.levels:
        raise LevelNotAllowed(_asked("/level", LevelNotAllowed))
    chain = [] if question.level == "none" else list(_chain(client, user, part, question, now))
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
    if user.state != "invited":
        yield _link("user_active", user.state == "active", "user_not_active", "system_administrator")
    if user.kind == "client":
        yield from _licence_links(client, user, part, question, now)
    if part.parent is not None:
        parent = Cell(user.user_id, "permission", question.program, part.parent)
        yield _link(
            "parent_permission", client.holds(parent, now), "parent_permission_required", "program_administrator"
        )
    held = client.grants.get(Cell(user.user_id, "permission", question.program, question.part))
    enough = held is not None and _reaches(held.level, question.level)
    yield _link("permission", enough, "permission_missing", "program_administrator")


def _licence_links(client: Client, user: Member, part: Part, question: Question, now: datetime) -> Iterator[Link]:
    yield _link("program_access", client.activation.program_access, "licences_not_allowed", "system_administrator")
    opening = PROGRAMS.licences_for(part)
    held = [each for each in opening if client.holds(Cell(user.user_id, "licence", each), now)]
    lacking = {each: _why_not(client, user, each) for each in opening if each not in held}
    ordered = [each for each, why in lacking.items() if not isinstance(why, ProgramNotOrdered)]
    yield _link("program_ordered", bool(ordered or held), "program_not_ordered", "system_administrator")
    if held:
        yield _link("licence", True, None, None)
    else:
        yield _licence_link(client, part, question, ordered, lacking)
        return
    reaches = any(part.allows(question.level, opening[each]) for each in held)
    yield _link("licence_reaches", reaches, "level_exceeds_licence", "program_administrator")


def _licence_link(
    client: Client, part: Part, question: Question, ordered: Sequence[str], lacking: Mapping[str, Refused | None]
) -> Link:
    """The licence that is missing: the program's own rather than one that stands in for it; why it cannot be given."""
    opening, counted = PROGRAMS.licences_for(part), usage(client.licences, client.users, client.grants)
    reaching = [each for each in ordered if part.allows(question.level, opening[each])] or ordered
    own = [each for each in reaching if each in part.programs]
    blocked = [each for each in own if lacking[each] is not None]
    first = next((each for each in own if lacking[each] is None), next(iter((*blocked, *reaching)), None))
    why = lacking[first] if first else None
    code, facts = (why.code, why.facts) if why else (LicenceRequired.code, {})
    shown = [
        {
            "program": each,
            "purchased": counted[each].purchased,
            "assigned": counted[each].assigned,
            "reserved": counted[each].reserved,
            "available": counted[each].available,
            "code": stands.code if (stands := lacking[each]) else None,
        }
        for each in ordered
    ]
    fix = "program_administrator" if first and not why else "system_administrator"
    return Link("licence", False, code, fix, facts, {"program": first, "licences": shown})


def _why_not(client: Client, user: Member, program: str) -> Refused | None:
    """What a Save that gives the user this licence would be refused with: asked of the rule itself."""
    cell = Cell(user.user_id, "licence", program)
    given = replace(client, grants={**client.grants, cell: Held("on", None, client.activation.listed_at)})
    (refusal,) = seat_errors(client, given, [cell])
    return refusal


def _asked(pointer: str, refusal: type[Refused]) -> list[Pointed]:
    return [Pointed(pointer, refusal.code, "query")]


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
    return shown | said | dict(link.more) | {"who_can_fix": {"role": link.fix, "names": sorted(set(who))}}
