"""What the notifier tells of one client: the mails it queues and the bell it rings when the client is listed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationListedV1
from schemas.envelope import Decision, Envelope, Say
from services.notifier.domain.bell import Bell, Handled, who_should_know
from services.notifier.domain.draft import Draft


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client and its agency, which never changes: so that a batch can look up the agencies' people at once."""

    agency: str
    client_id: UUID


@dataclass(frozen=True, slots=True)
class ClientNews:
    """What was told of a client so far, who could be told, and what is new in this batch."""

    key: ClientKey
    client_managers: tuple[str, ...] = ()
    bell: Bell | None = None
    drafts: tuple[Draft, ...] = ()


def listed(news: ClientNews | None, event: Envelope[ActivationListedV1], now: datetime) -> Decision[ClientNews]:
    """The client stands in the list: one confirmation mail and one bell."""
    assert news is not None  # load answers every key
    if news.bell is not None:
        return Decision(news)
    client = event.data
    creator = client.created_by.sub if client.created_by else None
    audience, recipients = who_should_know(creator, client.responsible_consultant, news.client_managers)
    bell = Bell(
        client_id=client.client_id,
        agency=client.agency,
        kind="client_listed",
        cause_id=str(client.client_id),
        client_name=client.client_name,
        test=client.test,
        created_at=now,
        correlation_id=event.correlationid,
        audience=audience,
        recipients=recipients,
        waiting=not recipients,
    )
    says = () if bell.waiting else (Say(bell.raised()),)
    return Decision(replace(news, bell=bell, drafts=(*news.drafts, _confirmation(event))), says)


def activated(news: ClientNews | None, event: Envelope[ActivationActivatedV1], _now: datetime) -> Decision[ClientNews]:
    """The bell's text says who activated the client; whether it was read stays as it is."""
    return _handled(news, Handled("activated", event.data.activated_by.name, event.data.activated_at))


def cancelled(news: ClientNews | None, event: Envelope[ActivationCancelledV1], _now: datetime) -> Decision[ClientNews]:
    """The bell's text says that the client was cancelled, and by whom where a person did it."""
    by = event.data.cancelled_by
    return _handled(news, Handled("cancelled", by.name if by.kind == "user" else None, event.data.cancelled_at))


def _handled(news: ClientNews | None, handled: Handled) -> Decision[ClientNews]:
    assert news is not None  # load answers every key
    if news.bell is None or news.bell.handled is not None:
        return Decision(news)
    return Decision(replace(news, bell=replace(news.bell, handled=handled)))


def _confirmation(event: Envelope[ActivationListedV1]) -> Draft:
    client = event.data
    facts: Mapping[str, Any] = {"program_access": client.program_access, "counts": dict(client.counts)}
    return Draft(
        template="confirmation",
        cause_id=str(client.client_id),
        recipient=client.confirmation_email,
        client_id=client.client_id,
        agency=client.agency,
        client_name=client.client_name,
        locale=client.locale,
        test=client.test,
        facts=facts,
        correlation_id=event.correlationid,
        causation_id=event.id,
        traceparent=event.traceparent,
    )
