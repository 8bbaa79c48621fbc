"""Onboarding asks for other numbers of licences; a person is refused what does not fit, a source is not (§7.6)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from schemas.client import ClientLicencesChangeRequestedV1
from schemas.envelope import Decision, Envelope
from schemas.errors import Pointed, Refused
from services.activation.domain.activation import Activation, Asked, ClientUnknown
from services.activation.domain.client import Cell, Licence, Reduction, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.licences import (
    LicencesNotAllowed,
    forget_overtaken,
    mark_over_assigned,
    must_be_orderable,
    must_fit,
    refuse_asked,
    set_access,
    tell,
)
from services.activation.domain.rights import SystemAdminRequired, must_be_open


def note_asked(
    state: Activation | None, event: Envelope[ClientLicencesChangeRequestedV1], _now: datetime
) -> Decision[Activation]:
    """Keeps the wish with the client; it is answered as soon as all that the client's users hold is at hand."""
    if state is None:
        raise ClientUnknown
    data = event.data
    by = data.requested_by
    asked = Asked(
        data.request_id,
        by.kind == "source",
        by.id,
        data.counts,
        data.effective_at,
        data.reason,
        data.program_access,
    )
    return Decision(replace(state, asked=(*state.asked, asked)))


def answer_asked(draft: Draft, asked: Asked, rules: Rules) -> str | None:
    """Does what onboarding asks, or says why not and answers the code.

    What a source asks cannot be refused for licences being in use (§7.6). A cancellation is decided at once and may
    overtake the wish, which is then refused: a client that is cancelled has no licences to change, in either order.
    """
    try:
        _check_asked(draft, asked)
        if asked.program_access is not None and asked.program_access != draft.activation.program_access:
            set_access(draft, asked.program_access)
    except Refused as refusal:
        refuse_asked(draft, asked.request_id, refusal)
        return refusal.code
    later = asked.effective_at is not None and asked.effective_at > draft.now
    for number, (program, count) in enumerate(sorted(asked.counts.items())):
        licence = draft.licences.get(program, Licence(0, 0))
        if later and count != licence.purchased:
            assert asked.effective_at is not None
            key = UUID(int=asked.request_id.int ^ number)
            draft.reductions[key] = Reduction(
                key,
                program,
                count,
                asked.effective_at,
                asked.reason or "other",
                asked.by_source,
                asked.request_id,
                rises=count > licence.purchased,
            )
        else:
            draft.licences[program] = replace(licence, purchased=count)
            forget_overtaken(draft, program, count)
    mark_over_assigned(draft, asked.counts, rules)
    tell(draft, asked.request_id)
    return None


def _check_asked(draft: Draft, asked: Asked) -> None:
    """What forbids it, before anything is done."""
    must_be_open(draft.before)
    if not asked.by_source:
        _must_be_theirs(draft, asked.by)
    access = draft.activation.program_access if asked.program_access is None else asked.program_access
    if not access and (asked.program_access is None or any(asked.counts.values())):
        raise LicencesNotAllowed([Pointed("/counts", LicencesNotAllowed.code)])
    for program, count in asked.counts.items():
        pointer = f"/counts/{program}"
        known = draft.licences.get(program, Licence(0, 0)).purchased
        if count > known:
            must_be_orderable(program, pointer)
        if not asked.by_source:
            must_fit(draft, program, count, pointer)


def _must_be_theirs(draft: Draft, by: str) -> None:
    """Before the activation the agency's staff decide; after it, whoever administrates the client (§7.5).

    Raises SystemAdminRequired.
    """
    if draft.activation.activated_at is None:
        return
    client = draft.client()
    user = client.user_of(by)
    if user is None or not client.holds(Cell(user.user_id, "system_administrator"), draft.now):
        raise SystemAdminRequired
