"""The one way in: whatever a person, an event or a job wants of a client is decided here, as the client is now."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from schemas.envelope import Decision
from services.activation.domain import consultants, disconnecting, inviting, ordering, saving, users
from services.activation.domain.client import Client, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.due import settle
from services.activation.domain.rights import Actor, entered


class Act(Protocol):
    """What somebody wants to be done."""

    @property
    def actor(self) -> Actor: ...
    @property
    def rules(self) -> Rules: ...


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
}
"""Acts that are open to whoever has the code, and those that are asked for from within."""


def decide(client: Client | None, act: Any, now: datetime) -> Decision[Client]:
    """What has fallen due, and then the act. Raises the fact that refused; then nothing is to be kept."""
    if isinstance(act, Settle):
        assert client is not None
        draft = Draft(client, now)
        settle(draft, act.rules)
        return draft.done()
    doing = UNSEEN.get(type(act))
    if doing is None:
        doing = ACTS[type(act)]
        entered(client, act.actor)
    if client is None:
        raise inviting.UnknownInvitation
    draft = Draft(client, now)
    settle(draft, act.rules)
    doing(draft, act)
    return draft.done()
