"""How a client comes into the activation list, and how its entry follows what onboarding says of the client."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from schemas.activation import ActivationListedV1, ActivationReassignedV1
from schemas.client import ClientCreatedV1, ClientErasedV1, ClientSnapshotV1, ClientUpdatedV1
from schemas.envelope import Decision, Envelope, Say
from services.activation.domain.activation import Activation, ClientUnknown, User, said, scope_of

OPEN = ("submitted", "listed")
GONE = ("cancelled", "disconnected", "erased")


def list_client(
    state: Activation | None, event: Envelope[ClientCreatedV1] | Envelope[ClientSnapshotV1], now: datetime
) -> Decision[Activation]:
    """A new client waits in the list; one that is known already stays as it is."""
    if state is not None:
        return Decision(state)
    client = event.data
    creator = client.created_by
    activation = Activation(
        client_id=client.client_id,
        agency=client.agency,
        client_name=client.name,
        status="pending",
        origin=client.origin,
        test=client.test,
        program_access=client.access.program_access,
        confirmation_email=client.confirmation_email,
        locale=client.locale,
        created_by_sub=creator.sub if creator else None,
        created_by_name=creator.name if creator else None,
        responsible_consultant=client.responsible_consultant,
        correlation_id=event.correlationid,
        version=1,
        created_at=client.created_at,
        listed_at=now,
        ordered={program: count for program, count in client.counts.items() if count > 0},
        joined=_brought_along(client, now) if client.administrators else (),
    )
    return Decision(
        activation, (Say(_listed(activation, client), version=1, correlation_id=activation.correlation_id),)
    )


def follow_client(state: Activation | None, event: Envelope[ClientUpdatedV1], _now: datetime) -> Decision[Activation]:
    """Takes over what onboarding owns. Access, licences and the responsible consultant are ours since the listing.

    Another consultant is taken from an update that was made to name one: the value of any other may be older than ours.
    """
    client, after = event.data, _follow(state, event.data).state
    wanted, by = client.responsible_consultant, client.changed_by
    if (
        by is None
        or "responsible_consultant" not in (client.changed or ())
        or wanted == after.responsible_consultant
        or after.status != "pending"
    ):
        return Decision(after)
    data = ActivationReassignedV1(**scope_of(after), responsible_consultant=wanted, by=by)
    return said(after, data, responsible_consultant=wanted)


def follow_snapshot(state: Activation | None, event: Envelope[ClientSnapshotV1], now: datetime) -> Decision[Activation]:
    """As an update; a client that waits and that we do not know is listed. Of one that is gone we need not hear."""
    if state is None and event.data.status in OPEN:
        return list_client(None, event, now)
    if event.data.status == "erased" and state is not None:
        return _forgotten(state)
    if event.data.status in GONE and state is None:
        return Decision(state)  # type: ignore[arg-type]  # nothing is kept of it
    return _follow(state, event.data)


def forget_client(state: Activation | None, _event: Envelope[ClientErasedV1], _now: datetime) -> Decision[Activation]:
    """Blanks what tells who people are; the skeleton stays."""
    if state is None:
        raise ClientUnknown
    return _forgotten(state)


def _forgotten(state: Activation) -> Decision[Activation]:
    return Decision(
        replace(
            state,
            client_name="",
            confirmation_email="",
            created_by_name=state.created_by_name and "",
            activated_by_name=state.activated_by_name and "",
            cancelled_by_name=state.cancelled_by_name and "",
        )
    )


def _follow(state: Activation | None, client: ClientUpdatedV1 | ClientSnapshotV1) -> Decision[Activation]:
    if state is None:
        raise ClientUnknown
    followed: dict[str, Any] = {
        "client_name": client.name,
        "test": client.test,
        "confirmation_email": client.confirmation_email,
        "locale": client.locale,
    }
    if all(getattr(state, name) == value for name, value in followed.items()):
        return Decision(state)
    return Decision(replace(state, **followed))


def _brought_along(client: ClientCreatedV1 | ClientSnapshotV1, now: datetime) -> tuple[User, ...]:
    """A connected client's administrators are that already; whom upstream merely names is to be invited."""
    connected = client.origin == "connected"
    users: dict[UUID, User] = {}
    for person in client.administrators or ():
        present = person.sub if connected else None
        user_id = uuid5(client.client_id, person.sub if present and person.sub else f"named/{person.email}")
        users[user_id] = User(
            user_id=user_id,
            client_id=client.client_id,
            kind="client",
            sub=present,
            name=person.name,
            email=person.email,
            locale=person.locale,
            state="active" if present else "invited",
            logged_in_at=now if present else None,
            system_administrator=connected,
        )
    return tuple(users.values())


def _listed(activation: Activation, client: ClientCreatedV1 | ClientSnapshotV1) -> ActivationListedV1:
    # Validated: model_construct was measured slower than the validator.
    return ActivationListedV1(
        client_id=activation.client_id,
        agency=activation.agency,
        client_name=activation.client_name,
        test=activation.test,
        origin=activation.origin,
        program_access=activation.program_access,
        counts=client.counts,
        confirmation_email=activation.confirmation_email,
        locale=activation.locale,
        created_by=client.created_by,
        responsible_consultant=activation.responsible_consultant,
        created_at=activation.created_at,
        listed_at=activation.listed_at,
    )
