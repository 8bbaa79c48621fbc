"""How onboarding follows who has to do with a client: consultants who are linked, and users who came or went."""

from dataclasses import replace
from datetime import datetime

from schemas.activation import ConsultantsChangedV1
from schemas.envelope import Decision, Envelope
from schemas.users import UserAcceptedV1, UserChangedV1, UserRemovedV1
from services.onboarding.domain.client import ClientUnknown
from services.onboarding.domain.progress import Progress

UserEvent = UserAcceptedV1 | UserChangedV1 | UserRemovedV1


def follow_consultants(
    state: Progress | None, event: Envelope[ConsultantsChangedV1], _now: datetime
) -> Decision[Progress]:
    """All who are linked, told whole. Raises ClientUnknown."""
    if state is None:
        raise ClientUnknown
    return Decision(replace(state, people=state.people.linking(event.data.consultants)))


def follow_user(state: Progress | None, event: Envelope[UserEvent], _now: datetime) -> Decision[Progress]:
    """A user; of one who has not come in yet nobody knows as whom. Raises ClientUnknown."""
    if state is None:
        raise ClientUnknown
    user = event.data
    if user.sub is None:
        return Decision(state)
    return Decision(replace(state, people=state.people.using(user.sub, active=user.state == "active")))
