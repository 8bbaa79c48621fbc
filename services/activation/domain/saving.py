"""A Save of the matrix: a list of changes, judged by the rights held before it, and all of it happens or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.activation import ActivationConfiguredV1
from schemas.errors import Pointed, Refused
from schemas.grants import GrantKind
from schemas.values import Level
from services.activation.domain.administrators import keep_one
from services.activation.domain.client import Cell, Held, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.permitting import ConsultantNeedsNoLicence, by_user, clear_unfounded, form, unfounded
from services.activation.domain.rights import Actor, ProgramAdminRequired, Rights, managed, rights
from services.activation.domain.seats import seat_errors, watch_seats

MOST_CHANGES = 2000


class StaleVersion(Refused):
    """Somebody else has saved since the caller read."""

    code = "stale_version"


class UnknownVersion(Refused):
    """The version that the caller names has never been."""

    code = "unknown_version"


class UnknownUser(Refused):
    """The client has no such user."""

    code = "unknown_user"


class UserNotActive(Refused):
    """The user is disabled or removed, and can hold nothing."""

    code = "user_not_active"


class ConsultantNotLinked(Refused):
    """The consultant is not at the client any more: the agency links them first."""

    code = "consultant_not_linked"


class EndInPast(Refused):
    """The end of a grant has passed already, or comes before the minute is over."""

    code = "end_in_past"


class CellTwice(Refused):
    """One cell stands twice in one Save."""

    code = "cell_twice"


class EndOfNothing(Refused):
    """What is taken away is to end later."""

    code = "end_of_nothing"


class TooManyItems(Refused):
    """More changes than one Save may have."""

    code = "too_many_items"


@dataclass(frozen=True, slots=True)
class Wish:
    """One change that is wanted: the level in a cell (`none` takes away), and until when."""

    user_id: UUID
    kind: GrantKind
    level: Level
    program: str = ""
    part: str = ""
    until: datetime | None = None

    @property
    def cell(self) -> Cell:
        return Cell(self.user_id, self.kind, self.program, self.part)


@dataclass(frozen=True, slots=True)
class Save:
    """A Save as it comes in. `version`: the access version that the caller has seen."""

    actor: Actor
    rules: Rules
    version: int
    wishes: tuple[Wish, ...]


def save(draft: Draft, command: Save) -> None:
    """Does all of a Save. Its first success makes the client configured; one that changes nothing says nothing.

    Raises StaleVersion, UnknownVersion, or the first refusal with `errors` that point at each change that is wrong.
    """
    allowed = rights(managed(draft.client(), command.actor), command.actor, draft.now)
    judge_rights(command.wishes, allowed)  # first: who may not save is not told what others saved
    if not allowed.system and not allowed.programs:
        raise ProgramAdminRequired
    if command.version > draft.access_version:
        raise UnknownVersion(access_version=draft.access_version)
    if command.version != draft.access_version:
        raise StaleVersion(access_version=draft.access_version)
    if len(command.wishes) > MOST_CHANGES:
        raise TooManyItems(most=MOST_CHANGES)
    judge_forms(command.wishes, draft)
    apply(draft, command.wishes)
    told = draft.tell_grants(command.actor.person)
    if told:
        watch_seats(draft)
    if draft.activation.status == "activated" and (told or not draft.activation.program_access):
        _configure(draft, command.actor)


def judge_rights(wishes: Sequence[Wish], allowed: Rights, pointer: str = "/changes") -> None:
    """Raises the refusal of the first cell that the actor may not set, with all such cells as errors."""
    refuse(wishes, [allowed.may_set(each.cell) for each in wishes], pointer)


def judge_forms(wishes: Sequence[Wish], draft: Draft, pointer: str = "/changes") -> None:
    """Raises for what is wrong with a change in itself: its user, program, part, level, or end."""
    seen: set[Cell] = set()
    found: list[Refused | None] = []
    for each in wishes:
        found.append(CellTwice() if each.cell in seen else _form(each, draft))
        seen.add(each.cell)
    refuse(wishes, found, pointer)


def apply(draft: Draft, wishes: Sequence[Wish], pointer: str = "/changes") -> None:
    """Makes the changes in the draft, with what follows from them. Raises what the outcome as a whole breaks."""
    before = draft.client()
    for each in wishes:
        draft.grant(each.cell, None if each.level == "none" else Held(each.level, each.until, draft.now))
    asked = {each.cell: each for each in wishes if each.level != "none"}
    clear_unfounded(draft, dict.fromkeys(each.user_id for each in wishes), keep=asked)
    held = by_user(draft.grants, {each.user_id for each in wishes})
    lacking = [unfounded(each.cell, each.level, draft.users[each.user_id].kind, held[each.user_id]) for each in wishes]
    refuse(wishes, lacking, pointer)
    seats = seat_errors(before, draft.client(), [each.cell for each in wishes])
    refuse(wishes, seats, pointer)
    roles = [
        f"{pointer}/{number}"
        for number, each in enumerate(wishes)
        if each.kind == "system_administrator" and (each.level == "none" or each.until is not None)
    ]
    keep_one(draft, roles)


def refuse(wishes: Sequence[Wish], found: Sequence[Refused | None], pointer: str) -> None:
    """Raises the first refusal there is, with `errors` for all; `cells` says of which user, program and part."""
    wrong = [(number, each) for number, each in enumerate(found) if each is not None]
    if not wrong:
        return
    first = wrong[0][1]
    first.errors = tuple(Pointed(f"{pointer}/{number}", each.code) for number, each in wrong)
    first.facts["cells"] = [
        {
            "pointer": f"{pointer}/{number}",
            "code": each.code,
            "user_id": str(wishes[number].user_id),
            "kind": wishes[number].kind,
            "program": wishes[number].program or None,
            "part": wishes[number].part or None,
        }
        for number, each in wrong
    ]
    raise first


def _form(wish: Wish, draft: Draft) -> Refused | None:
    user = draft.users.get(wish.user_id)
    if user is None or user.state == "removed":
        return ConsultantNotLinked() if user is not None and user.kind == "consultant" else UnknownUser()
    wrong = None if wish.level == "none" and wish.cell in draft.grants else form(wish.cell, wish.level)
    if wrong is not None or wish.level == "none":
        return wrong or (EndOfNothing() if wish.until is not None else None)
    if user.state == "disabled" or (user.state == "invited" and not _is_invited(draft, wish.user_id)):
        return UserNotActive()
    if user.kind == "consultant" and wish.kind == "licence":
        return ConsultantNeedsNoLicence()
    return EndInPast() if wish.until is not None and wish.until <= draft.now else None


def _is_invited(draft: Draft, user_id: UUID) -> bool:
    invitation = draft.invitations.get(user_id)
    return invitation is not None and invitation.state == "open"


def _configure(draft: Draft, actor: Actor) -> None:
    activation = draft.activation
    draft.other |= {"configured_by": actor.person, "configured_at": draft.now}
    draft.say(
        ActivationConfiguredV1(
            **draft.scope,
            configured_by=actor.person,
            created_at=activation.created_at,
            listed_at=activation.listed_at,
            configured_at=draft.now,
        ),
        status="configured",
    )
