"""How many licences are bought, used and free: always counted, never stored (rule book §7.6)."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.values import LicenceRow
from services.activation.domain.client import Cell, Licence, Member, Reduction


@dataclass(frozen=True, slots=True)
class Usage:
    """One program's licences. `assigned` to active client users, `reserved` for invited ones."""

    purchased: int
    assigned: int
    reserved: int

    @property
    def used(self) -> int:
        return self.assigned + self.reserved

    @property
    def available(self) -> int:
        """How many are free; never below 0, also when more are in use than bought."""
        return max(0, self.purchased - self.used)


def usage(licences: Mapping[str, Licence], users: Mapping[UUID, Member], grants: Iterable[Cell]) -> dict[str, Usage]:
    """Program → its licences, for what was ever ordered or is in use. Consultants use none of the client's."""
    assigned: Counter[str] = Counter()
    reserved: Counter[str] = Counter()
    for cell in grants:
        if cell.kind == "licence":
            user = users[cell.user_id]
            if user.kind == "client":
                (reserved if user.state == "invited" else assigned)[cell.program] += 1
    programs = sorted({*licences, *assigned, *reserved})
    return {
        program: Usage(licences[program].purchased if program in licences else 0, assigned[program], reserved[program])
        for program in programs
    }


def coming(purchased: int, reductions: Iterable[Reduction], program: str) -> int:
    """The least number of licences that is left of a program once the reductions that wait have come."""
    return min([purchased, *(each.count for each in reductions if each.program == program)])


def is_overtaken(reduction: Reduction, reductions: Iterable[Reduction]) -> bool:
    """Whether another that waits comes no later and leaves as few or fewer: nothing is left for this one to do."""
    same = [each for each in reductions if each.program == reduction.program]
    return not any(each.rises for each in same) and any(
        each.count <= reduction.count and _order(each) < _order(reduction) for each in same
    )


def _order(reduction: Reduction) -> tuple[datetime, int, UUID]:
    return reduction.effective_at, reduction.count, reduction.reduction_id


def bearable(counted: Usage, reductions: Iterable[Reduction], program: str, grants: Container[Cell]) -> int:
    """How many may be in use now, so that each reduction fits on its day: with those whom it releases then."""
    return min(
        [
            counted.purchased,
            *(each.count + released(each, grants) for each in reductions if each.program == program),
        ]
    )


def released(reduction: Reduction, grants: Container[Cell]) -> int:
    """How many of those whom a reduction releases on its day hold the licence still."""
    return sum(Cell(user_id, "licence", reduction.program) in grants for user_id in reduction.release)


def rows(counted: Mapping[str, Usage]) -> list[LicenceRow]:
    """As events carry them."""
    return [
        LicenceRow(program=program, purchased=each.purchased, assigned=each.assigned, reserved=each.reserved)
        for program, each in counted.items()
    ]


def low_threshold(purchased: int) -> int:
    """At how many free licences it is told that few are left: a tenth. None of one is no news: it was for one."""
    return purchased // 10 if purchased > 1 else -1
