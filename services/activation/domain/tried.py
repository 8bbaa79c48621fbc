"""What somebody tried who was refused, for the history: of whom, in which program and part, and what they wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from schemas.errors import Refused
from services.activation.domain import consultants, inviting, ordering, restoring, saving, users
from services.activation.domain.client import Cell

MOST_CELLS = 100
"""A refused Save of thousands of cells leaves no more entries than this."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried. `wanted` names nobody; `cell` is where something else may be held."""

    user_id: UUID | None = None
    program: str | None = None
    part: str | None = None
    wanted: Mapping[str, Any] | None = None
    cell: Cell | None = None
    invitation_id: UUID | None = None


def tried(act: Any, refusal: Refused) -> tuple[Tried, ...]:
    """What the act would have done: of a Save the cells that were refused, or all where none was named."""
    if isinstance(act, saving.Save | inviting.Invite):
        return _cells(act, refusal) or (Tried(),)
    found = _TRIED.get(type(act))
    return (Tried(),) if found is None else tuple(found(act))


def _cells(act: saving.Save | inviting.Invite, refusal: Refused) -> tuple[Tried, ...]:
    """Whoever was to be invited is no user yet, so that only the cells tell."""
    wrong = {each.pointer.rpartition("/")[2] for each in refusal.errors}
    wishes = [each for number, each in enumerate(act.wishes) if str(number) in wrong] or act.wishes
    there = isinstance(act, saving.Save)
    return tuple(
        Tried(
            each.user_id if there else None,
            each.program or None,
            each.part or None,
            {"kind": each.kind, "level": each.level}
            | ({} if each.until is None else {"until": each.until.isoformat()}),
            each.cell if there else None,
        )
        for each in wishes[:MOST_CELLS]
    )


def _edited(act: users.Edit) -> list[Tried]:
    """Which of a person's data, and not what they were to be."""
    fields = [name for name in ("name", "email", "locale") if getattr(act, name) is not None]
    return [Tried(act.user_id, wanted=({"fields": fields} if fields else {}) | _given("state", act.state))]


def _reduced(act: ordering.Reduce) -> list[Tried]:
    wanted: dict[str, Any] = {"count": act.count} | _given("reason", act.reason)
    wanted |= {} if act.effective_at is None else {"effective_at": act.effective_at.isoformat()}
    return [
        Tried(None, act.program, None, wanted | _given("release", [str(each) for each in act.release[:MOST_CELLS]]))
    ]


def _given(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


_TRIED: Mapping[type[Any], Callable[[Any], list[Tried]]] = {
    users.Edit: _edited,
    users.SetState: lambda act: [Tried(act.user_id, wanted={"state": act.state})],
    inviting.Resend: lambda act: [Tried(act.user_id)],
    inviting.Withdraw: lambda act: [Tried(act.user_id)],
    inviting.Accept: lambda act: [Tried(invitation_id=act.invitation_id)],
    ordering.Order: lambda act: [Tried(program=each, wanted={"more": more}) for each, more in act.counts.items()],
    ordering.Reduce: _reduced,
    ordering.CancelReduction: lambda act: [Tried(wanted={"reduction_id": str(act.reduction_id)})],
    ordering.SetProgramAccess: lambda act: [Tried(wanted={"program_access": act.program_access})],
    consultants.Link: lambda act: [Tried(wanted={"consultants": list(act.subs[:MOST_CELLS])})],
    consultants.Reassign: lambda act: [Tried(wanted={"responsible_consultant": act.sub})],
    consultants.HandOver: lambda act: [Tried(wanted={"from": act.from_sub, "to": act.to_sub})],
    restoring.RequestRestoration: lambda act: [Tried(wanted={"consultant": act.sub})],
    restoring.ConfirmRestoration: lambda act: [Tried(wanted={"consultant": act.sub})],
}
