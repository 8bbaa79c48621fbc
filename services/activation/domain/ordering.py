"""People order licences, reduce them at once or on a day, and turn programs on or off (rule book §7.6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from schemas.errors import Pointed, Refused
from schemas.programs import PROGRAMS
from schemas.values import Reason
from services.activation.domain.client import Licence, Reduction, Rules
from services.activation.domain.counting import coming
from services.activation.domain.draft import Draft
from services.activation.domain.licences import (
    LicencesNotAllowed,
    forget_overtaken,
    must_be_orderable,
    must_fit,
    must_hold,
    release,
    set_access,
    tell,
)
from services.activation.domain.permitting import UnknownProgram
from services.activation.domain.rights import Actor, by_system_administrator
from services.activation.domain.seats import ProgramNotOrdered

MOST = 9999
MOST_WAITING = 100


class OrderOutOfRange(Refused):
    """An order of none, or of more than there can be."""

    code = "order_out_of_range"


class ReductionNotLower(Refused):
    """A reduction to as many licences as there are by then, or more."""

    code = "reduction_not_lower"


class ReasonRequired(Refused):
    """Fewer licences need a reason."""

    code = "reason_required"


class EffectiveAtInPast(Refused):
    """The day of the reduction has passed."""

    code = "effective_at_in_past"


class UnknownReduction(Refused):
    """No such reduction waits."""

    code = "not_found"


class ReductionBySource(Refused):
    """What a source has asked for, the source alone can change."""

    code = "reduction_by_source"


class TooManyWait(Refused):
    """So many reductions wait that no more can."""

    code = "too_many_items"


@dataclass(frozen=True, slots=True)
class Order:
    """So many licences more of each program."""

    actor: Actor
    rules: Rules
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reduce:
    """`count` licences of a program are to be left, at once or from `effective_at` on.

    `release`: users whose licence is taken in the same act, or on that day.
    """

    actor: Actor
    rules: Rules
    reduction_id: UUID
    program: str
    count: int
    reason: Reason | None
    effective_at: datetime | None = None
    release: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class CancelReduction:
    """A reduction that waits shall not come."""

    actor: Actor
    rules: Rules
    reduction_id: UUID


@dataclass(frozen=True, slots=True)
class SetProgramAccess:
    """The client gets programs of its own, or has none any more."""

    actor: Actor
    rules: Rules
    program_access: bool


def order(draft: Draft, command: Order) -> None:
    """Adds licences.

    Raises SystemAdminRequired, LicencesNotAllowed, UnknownProgram, ProgramRetired, OrderOutOfRange.
    """
    by_system_administrator(draft.client(), command.actor, draft.now)
    if not draft.activation.program_access:
        raise LicencesNotAllowed([Pointed("/counts", LicencesNotAllowed.code)])
    for program, more in command.counts.items():
        pointer = f"/counts/{program}"
        must_be_orderable(program, pointer)
        known = draft.licences.get(program, Licence(0, 0))
        most = MOST - known.purchased
        if not 0 < more <= most:
            raise OrderOutOfRange([Pointed(pointer, OrderOutOfRange.code)], program=program, most=most)
        draft.licences[program] = replace(known, purchased=known.purchased + more)
    if command.counts:
        tell(draft)


def reduce(draft: Draft, command: Reduce) -> None:
    """Reduces at once, or notes the reduction for its day.

    Raises SystemAdminRequired, ReasonRequired, ProgramNotOrdered, ReductionNotLower, EffectiveAtInPast, NotHeld,
    LicencesInUse.
    """
    by_system_administrator(draft.client(), command.actor, draft.now)
    licence = _reducible(draft, command)
    if command.effective_at is not None:
        must_hold(draft, command.program, command.release, "/release")
        # Each reduction fits by itself, whatever becomes of the others that wait: those can be taken back.
        must_fit(draft, command.program, command.count, free=len(set(command.release)))
        if len(draft.reductions) >= MOST_WAITING:
            raise TooManyWait(most=MOST_WAITING)
        draft.reductions[command.reduction_id] = Reduction(
            command.reduction_id,
            command.program,
            command.count,
            command.effective_at,
            command.reason or "other",
            release=tuple(dict.fromkeys(command.release)),
        )
    else:
        release(draft, command.program, command.release, "/release")
        must_fit(draft, command.program, command.count)
        draft.licences[command.program] = replace(licence, purchased=command.count)
        forget_overtaken(draft, command.program, command.count)
        draft.tell_grants(command.actor.person)
    tell(draft)


def cancel_reduction(draft: Draft, command: CancelReduction) -> None:
    """Takes back a reduction that waits. Raises SystemAdminRequired, UnknownReduction, ReductionBySource."""
    by_system_administrator(draft.client(), command.actor, draft.now)
    waiting = draft.reductions.pop(command.reduction_id, None)
    if waiting is None:
        raise UnknownReduction
    if waiting.by_source:
        raise ReductionBySource
    tell(draft)


def set_program_access(draft: Draft, command: SetProgramAccess) -> None:
    """Turns access to programs on, or off where no licence is in use. Raises SystemAdminRequired, LicencesInUse."""
    by_system_administrator(draft.client(), command.actor, draft.now)
    if command.program_access == draft.activation.program_access:
        return
    set_access(draft, command.program_access)
    tell(draft)


def _reducible(draft: Draft, command: Reduce) -> Licence:
    licence = draft.licences.get(command.program)
    if licence is None and command.program not in PROGRAMS.programs:
        raise UnknownProgram([Pointed("/program", UnknownProgram.code)])
    if licence is None or licence.purchased == 0:
        raise ProgramNotOrdered([Pointed("/program", ProgramNotOrdered.code)])
    if command.reason is None:
        raise ReasonRequired([Pointed("/reason", ReasonRequired.code)])
    if command.effective_at is not None and command.effective_at <= draft.now:
        raise EffectiveAtInPast([Pointed("/effective_at", EffectiveAtInPast.code)])
    by_then = [each for each in draft.reductions.values() if _comes_before(each, command)]
    left = coming(licence.purchased, by_then, command.program)
    if not 0 <= command.count < left:
        raise ReductionNotLower([Pointed("/count", ReductionNotLower.code)], program=command.program, left=left)
    return licence


def _comes_before(each: Reduction, command: Reduce) -> bool:
    """Whether a reduction that waits has come when this one does, so that this one must go lower."""
    return command.effective_at is not None and each.effective_at <= command.effective_at
