"""Licences become fewer: taken from users, on their day, too few for what is in use, after the grace (§7.6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from schemas.errors import Pointed, Refused
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1, LicencesOverAssignedV1
from schemas.programs import PROGRAMS
from schemas.values import Pointer, ScheduledChange
from services.activation.domain.administrators import recipients
from services.activation.domain.client import AKTIVERA, Cell, Licence, Reduction, Rules
from services.activation.domain.counting import Usage, rows, usage
from services.activation.domain.draft import Draft
from services.activation.domain.permitting import UnknownProgram, clear_unfounded
from services.activation.domain.seats import ProgramRetired, watch_seats


class LicencesInUse(Refused):
    """More licences are in use or reserved than would be left."""

    code = "licences_in_use"


class LicencesNotAllowed(Refused):
    """The client has no access to programs, and so no licences."""

    code = "licences_not_allowed"


class NotHeld(Refused):
    """Somebody named in `release` does not hold a licence of the program."""

    code = "licence_not_held"


def release(draft: Draft, program: str, user_ids: Sequence[UUID], pointer: str) -> None:
    """Takes a program's licence, and what rests on it, from users. Raises NotHeld."""
    must_hold(draft, program, user_ids, pointer)
    for user_id in user_ids:
        draft.grant(Cell(user_id, "licence", program), None)
    clear_unfounded(draft, user_ids)


def must_hold(draft: Draft, program: str, user_ids: Sequence[UUID], pointer: str) -> None:
    """Raises NotHeld where somebody has no licence of the program."""
    missing = [
        Pointed(f"{pointer}/{number}", NotHeld.code)
        for number, user_id in enumerate(user_ids)
        if Cell(user_id, "licence", program) not in draft.grants
    ]
    if missing:
        raise NotHeld(missing)


def come_due(draft: Draft, reductions: Sequence[Reduction], rules: Rules, moment: datetime) -> None:
    """The day of these has come: whom they release loses the licence; what onboarding asked for may be more.

    What does not fit, of a source, is marked.
    """
    for each in reductions:
        draft.reductions.pop(each.reduction_id, None)  # of two on one day the lower leaves the other nothing
        holders = [key for key in each.release if Cell(key, "licence", each.program) in draft.grants]
        release(draft, each.program, holders, "")
        licence = draft.licences.get(each.program, Licence(0, 0))
        if (each.count > licence.purchased) if each.rises else (each.count < licence.purchased):
            draft.licences[each.program] = replace(licence, purchased=each.count)
            if not any(other.rises for other in draft.reductions.values() if other.program == each.program):
                forget_overtaken(draft, each.program, each.count, asked=False)
    draft.tell_grants(AKTIVERA)
    mark_over_assigned(draft, [each.program for each in reductions], rules, moment)
    for request_id in dict.fromkeys(each.request_id for each in reductions):  # each who asked gets an answer
        tell(draft, request_id)


def end_grace(draft: Draft, program: str) -> None:
    """After the grace, by policy: the licences given last are taken until the rest fits. Said, never silently."""
    counted = usage(draft.licences, draft.users, draft.grants)[program]
    holders = sorted(
        (held.granted_at, cell.user_id)
        for cell, held in draft.grants.items()
        if cell.kind == "licence" and cell.program == program and draft.users[cell.user_id].kind == "client"
    )
    too_many = counted.used - counted.purchased
    if too_many > 0:
        release(draft, program, [user_id for _, user_id in holders[-too_many:]], "")
        draft.tell_grants(AKTIVERA)
    draft.licences[program] = replace(draft.licences[program], grace_until=None)


def refuse_asked(draft: Draft, request_id: UUID, refusal: Refused) -> None:
    """Tells onboarding that what it asked for is not done."""
    errors = [Pointer(pointer=each.pointer, code=each.code) for each in refusal.errors]
    used = {name: refusal.facts.get(name) for name in ("assigned", "reserved")}
    draft.say(LicencesChangeRefusedV1(**draft.scope, request_id=request_id, code=refusal.code, errors=errors, **used))


def must_be_orderable(program: str, pointer: str) -> None:
    found = PROGRAMS.programs.get(program)
    if found is None:
        raise UnknownProgram([Pointed(pointer, UnknownProgram.code)])
    if found.retired or not found.orderable:
        raise ProgramRetired([Pointed(pointer, ProgramRetired.code)])


def must_fit(draft: Draft, program: str, count: int, pointer: str = "/count", free: int = 0) -> None:
    """Raises LicencesInUse where more are in use than `count`, not counting `free` that will be given back by then."""
    counted = usage(draft.licences, draft.users, draft.grants).get(program, Usage(0, 0, 0))
    if counted.used - free > count:
        holders = [
            {"user_id": str(cell.user_id), "name": draft.users[cell.user_id].name}
            for cell in draft.grants
            if cell.kind == "licence" and cell.program == program
        ]
        raise LicencesInUse(
            [Pointed(pointer, LicencesInUse.code)],
            program=program,
            assigned=counted.assigned,
            reserved=counted.reserved,
            holders=sorted(holders, key=lambda each: each["name"]),
        )


def set_access(draft: Draft, on: bool) -> None:
    """Gives the client programs of its own, or takes them where no licence is in use. Raises LicencesInUse."""
    if not on:
        for program in draft.licences:
            must_fit(draft, program, 0, "/program_access")
        draft.licences = {
            program: replace(licence, purchased=0, grace_until=None) for program, licence in draft.licences.items()
        }
        for reduction in draft.reductions.values():
            if reduction.request_id is not None:
                refuse_asked(draft, reduction.request_id, LicencesNotAllowed())
        draft.reductions.clear()
    draft.activation = replace(draft.activation, program_access=on)


def mark_over_assigned(
    draft: Draft, programs: Sequence[str] | Mapping[str, int], rules: Rules, moment: datetime | None = None
) -> None:
    until = (moment or draft.now) + timedelta(days=rules.grace_days)
    counted = usage(draft.licences, draft.users, draft.grants)
    for program in sorted(set(programs)):
        each, licence = counted.get(program), draft.licences.get(program)
        if each is None or licence is None or each.used <= each.purchased or licence.grace_until is not None:
            continue
        draft.licences[program] = replace(licence, grace_until=until)
        draft.say(
            LicencesOverAssignedV1(
                **draft.scope,
                program=program,
                purchased=each.purchased,
                assigned=each.assigned,
                reserved=each.reserved,
                grace_until=until,
                administrators=recipients(draft.client()),
            )
        )


def forget_overtaken(draft: Draft, program: str, count: int, *, asked: bool = True) -> None:
    """A reduction to as many as there now are, or more, has nothing left to do; the history says that it is gone.

    `asked`: also one that onboarding asked for; else it stays until its day, on which whoever asked gets an answer.
    """
    for each in list(draft.reductions.values()):
        if not asked and each.request_id is not None:
            continue
        if each.program == program and not each.rises and each.count >= count:
            del draft.reductions[each.reduction_id]


def tell(draft: Draft, request_id: UUID | None = None) -> None:
    draft.say(
        LicencesChangedV1(
            **draft.scope,
            request_id=request_id,
            program_access=draft.activation.program_access,
            licences=rows(usage(draft.licences, draft.users, draft.grants)),
            scheduled=scheduled(draft.reductions.values()),
        )
    )
    watch_seats(draft)


def scheduled(reductions: Iterable[Reduction]) -> list[ScheduledChange]:
    """Reductions that wait, as events carry them: the next one first."""
    waiting = sorted(reductions, key=lambda each: (each.effective_at, each.program, each.reduction_id))
    return [
        ScheduledChange(
            id=each.reduction_id,
            program=each.program,
            count=each.count,
            effective_at=each.effective_at,
            reason=each.reason,
        )
        for each in waiting
    ]
