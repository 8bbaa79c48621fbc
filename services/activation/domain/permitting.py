"""What a user may hold (rule book §7.6): a part needs its licence, its parent and a level the licence reaches."""

from collections.abc import Iterable, Mapping, Set
from uuid import UUID

from schemas.errors import Refused
from schemas.programs import PROGRAMS, Part
from schemas.values import Level
from services.activation.domain.client import Cell
from services.activation.domain.draft import Draft


class UnknownPart(Refused):
    """The program or group has no such part."""

    code = "unknown_part"


class UnknownProgram(Refused):
    """There is no such program."""

    code = "unknown_program"


class LevelNotAllowed(Refused):
    """The part has no such level."""

    code = "level_not_allowed"


class CellMisfit(Refused):
    """A change names what its kind has not: a role's part, a system administrator's program, a licence's level."""

    code = "cell_misfit"


class LevelExceedsLicence(Refused):
    """The licence permits less."""

    code = "level_exceeds_licence"


class LicenceRequired(Refused):
    """A licence that opens the part is missing."""

    code = "licence_required"


class ParentPermissionRequired(Refused):
    """The part's parent is off."""

    code = "parent_permission_required"


class ConsultantNeedsNoLicence(Refused):
    """A consultant works through the agency's own package and takes none of the client's licences."""

    code = "consultant_needs_no_licence"


def form(cell: Cell, level: Level) -> Refused | None:
    """What is wrong with a cell and a level in themselves, whoever holds what."""
    permission, program = cell.kind == "permission", cell.kind != "system_administrator"
    if bool(cell.part) != permission or bool(cell.program) != program or not (permission or level in ("none", "on")):
        return CellMisfit()
    if program and cell.program not in (PROGRAMS.holders if permission else PROGRAMS.programs):
        return UnknownProgram()
    if not permission:
        return None
    part = PROGRAMS.part(cell.program, cell.part)
    if part is None:
        return UnknownPart()
    return None if level in part.levels else LevelNotAllowed()


def unfounded(cell: Cell, level: Level, user_kind: str, held: Set[Cell]) -> Refused | None:
    """What is missing for a permission to stand, given what its user holds; None where it stands."""
    if cell.kind != "permission" or level == "none":
        return None
    part = PROGRAMS.part(cell.program, cell.part)
    if part is None:
        return None  # gone from the catalogue: it may be taken away, and opens nothing
    if user_kind == "client":
        lacking = _licence(part, level, {each.program for each in held if each.kind == "licence"})
        if lacking is not None:
            return lacking
    if part.parent is not None and Cell(cell.user_id, "permission", cell.program, part.parent) not in held:
        return ParentPermissionRequired()
    return None


def by_user(cells: Iterable[Cell], user_ids: Iterable[UUID]) -> dict[UUID, set[Cell]]:
    """What each of these users holds, found in one walk: a client may have ten thousand cells."""
    found: dict[UUID, set[Cell]] = {each: set() for each in user_ids}
    for cell in cells:
        if cell.user_id in found:
            found[cell.user_id].add(cell)
    return found


def founded(user_kind: str, held: Mapping[Cell, Level]) -> dict[Cell, Level]:
    """What of one user's cells stands, by what the same user holds."""
    left = dict(held)
    while gone := [cell for cell, level in left.items() if unfounded(cell, level, user_kind, left.keys()) is not None]:
        for cell in gone:
            del left[cell]
    return left


def clear_unfounded(draft: Draft, user_ids: Iterable[UUID], keep: Iterable[Cell] = ()) -> None:
    """Takes away the permissions of users that have lost their licence or parent, until all that is left stands.

    What stands in `keep` is left as it is: it was asked for, so that whoever asked is told instead.
    """
    kept = set(keep)
    for user_id, cells in by_user(draft.grants, user_ids).items():
        user = draft.users[user_id]
        while gone := [
            cell
            for cell in cells
            if cell not in kept and unfounded(cell, draft.grants[cell].level, user.kind, cells) is not None
        ]:
            for cell in gone:
                draft.grant(cell, None)
                cells.discard(cell)


def _licence(part: Part, level: Level, licences: set[str]) -> Refused | None:
    opening = PROGRAMS.licences_for(part)
    caps = [opening[program] for program in licences if program in opening]
    if not caps:
        return LicenceRequired()
    return None if any(part.allows(level, cap) for cap in caps) else LevelExceedsLicence()
