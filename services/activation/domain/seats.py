"""Whether there are licences enough for what is assigned, and when it is told that they run low (rule book §7.6)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from schemas.errors import Refused
from schemas.licences import LicencesLowV1
from schemas.programs import PROGRAMS
from services.activation.domain.administrators import administrators
from services.activation.domain.client import Cell, Client
from services.activation.domain.counting import bearable, coming, low_threshold, usage
from services.activation.domain.draft import Draft


class NoLicenceAvailable(Refused):
    """All licences of the program are in use or reserved."""

    code = "no_licence_available"


class ProgramNotOrdered(Refused):
    """The client has no licence of the program."""

    code = "program_not_ordered"


class ProgramRetired(Refused):
    """The program is retired: it can be taken away, not given."""

    code = "program_retired"


class OverAssigned(Refused):
    """More are in use than there are, so that none can be given."""

    code = "over_assigned"


class ReductionScheduled(Refused):
    """After a reduction that waits there would be too few."""

    code = "reduction_scheduled"


def seat_errors(before: Client, after: Client, cells: Sequence[Cell]) -> list[Refused | None]:
    """For each cell, why its licence cannot be given; None where it can, or is no licence that was added.

    Where some of several can be given, the last ones are named: those for which none is left.
    """
    then = usage(before.licences, before.users, before.grants)
    now = usage(after.licences, after.users, after.grants)
    found: list[Refused | None] = [None] * len(cells)
    excess: dict[str, int] = {}
    for number in range(len(cells) - 1, -1, -1):
        cell = cells[number]
        if cell.kind != "licence" or cell in before.grants or cell not in after.grants:
            continue
        counted, known = now[cell.program], then.get(cell.program)
        if PROGRAMS.programs[cell.program].retired:
            found[number] = ProgramRetired(program=cell.program)
        elif counted.purchased == 0 and not (known and known.used):
            found[number] = ProgramNotOrdered(program=cell.program)
        else:
            waiting = after.reductions.values()
            most = bearable(counted, waiting, cell.program, after.grants)
            over = excess.setdefault(cell.program, counted.used - most)
            if over > 0:
                excess[cell.program] = over - 1
                assert known is not None
                facts: dict[str, Any] = {
                    "program": cell.program,
                    "purchased": known.purchased,
                    "assigned": known.assigned,
                    "reserved": known.reserved,
                }
                if known.used > known.purchased:
                    found[number] = OverAssigned(**facts)
                elif counted.used > counted.purchased:
                    found[number] = NoLicenceAvailable(**facts)
                else:
                    left = coming(counted.purchased, waiting, cell.program)
                    found[number] = ReductionScheduled(**facts, remaining=left)
    return found


def watch_seats(draft: Draft) -> None:
    """Says once that few are left, until more are free again; ends the grace of what fits again."""
    for program, counted in usage(draft.licences, draft.users, draft.grants).items():
        licence = draft.licences.get(program)
        if licence is None:
            continue
        if licence.grace_until is not None and counted.used <= counted.purchased:
            licence = replace(licence, grace_until=None)
        threshold = low_threshold(counted.purchased)
        low = counted.available <= threshold
        if low and not licence.low_told:
            draft.say(
                LicencesLowV1(
                    **draft.scope,
                    program=program,
                    available=counted.available,
                    threshold=threshold,
                    administrators=[each.sub for each in administrators(draft.client()) if each.sub is not None],
                )
            )
        draft.licences[program] = replace(licence, low_told=low)
