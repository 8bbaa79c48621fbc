"""The one way in: whatever a person, an event or a job wants of a client is decided here, as the client is now."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.envelope import Decision
from services.activation.domain import consultants, disconnecting, inviting, ordering, restoring, saving, users
from services.activation.domain.arrow import NotFound
from services.activation.domain.client import AKTIVERA, Client, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.due import next_due, settle
from services.activation.domain.history import Author, acting_as
from services.activation.domain.rights import Actor, entered


@dataclass(frozen=True, slots=True)
class Settle:
    """Nobody wants anything but what has fallen due."""

    rules: Rules


ACTS: Mapping[type[Any], Callable[[Draft, Any], None]] = {
    saving.Save: saving.save,
    inviting.Invite: inviting.invite,
    inviting.Resend: inviting.resend,
    inviting.Withdraw: inviting.withdraw,
    users.Edit: users.edit,
    users.SetState: users.set_state,
    ordering.Order: ordering.order,
    ordering.Reduce: ordering.reduce,
    ordering.CancelReduction: ordering.cancel_reduction,
    ordering.SetProgramAccess: ordering.set_program_access,
    consultants.Link: consultants.link,
    consultants.Reassign: consultants.reassign,
    consultants.HandOver: consultants.hand_over,
    disconnecting.RequestDisconnection: disconnecting.request_disconnection,
    disconnecting.ApproveDisconnection: disconnecting.approve_disconnection,
    disconnecting.WithdrawDisconnection: disconnecting.withdraw_disconnection,
}
"""Acts of people who see the client: whoever does not is told that there is none."""

UNSEEN: Mapping[type[Any], Callable[[Draft, Any], None]] = {
    inviting.Accept: inviting.accept,
    consultants.Release: consultants.release_consultant,
    restoring.RequestRestoration: restoring.request_restoration,
    restoring.ConfirmRestoration: restoring.confirm_restoration,
}
"""Acts that are open to whoever has the code, to operators, and those that are asked for from within."""

_STATES = {"active": "enable", "disabled": "disable", "removed": "remove"}
_NAMES = {
    each: re.sub(r"(?<=[a-z])(?=[A-Z])", "_", each.__name__).lower()
    for each in (*ACTS, *UNSEEN)
    if each is not users.SetState
}

ACT_NAMES = frozenset({*_NAMES.values(), *_STATES.values()})
"""All that `act_name` can say."""


def act_name(act: Any) -> str:
    """What the history calls an act: `save`, `disable` and so on."""
    if isinstance(act, users.SetState) or (isinstance(act, users.Edit) and act.of_state_alone):
        return _STATES[act.state or "active"]
    return _NAMES[type(act)]


def decide(client: Client | None, act: Any, now: datetime) -> Decision[Client]:
    """What has fallen due, and then the act. Raises the fact that refused; then nothing is to be kept."""
    if isinstance(act, Settle):
        assert client is not None
        return _settled(client, act.rules, now).done()
    doing = UNSEEN.get(type(act))
    if doing is None:
        doing = ACTS[type(act)]
        entered(client, act.actor)
    if client is None:
        raise NotFound
    draft = _settled(client, act.rules, now)
    doing(draft, act)
    draft.note(author_of(act))
    draft.other["due_at"] = next_due(draft, act.rules)
    return draft.done()


def author_of(act: Any) -> Author:
    """Who acts, and in which capacity."""
    actor: Actor = act.actor
    operating = isinstance(act, restoring.RequestRestoration | restoring.ConfirmRestoration)
    capacity = acting_as(actor.roles, own_user=actor.client is not None, operating=operating)
    return Author(
        act_name(act), actor.sub, "aktivera" if actor.sub == AKTIVERA.sub else capacity, getattr(act, "reason", None)
    )


def _settled(client: Client, rules: Rules, now: datetime) -> Draft:
    draft = Draft(client, now)
    settle(draft, rules)
    draft.other["due_at"] = next_due(draft, rules)
    return draft
