"""What the notifier tells of one client: the mails it queues and the bell it rings when the client is listed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.activation import ActivationActivatedV1, ActivationCancelledV1, ActivationListedV1
from schemas.activation_snapshot import ActivationSnapshotV1
from schemas.envelope import Decision, Envelope
from schemas.values import Person, RequestedBy
from services.notifier.domain.bell import Bell, Handled, Staff, addressed, who_should_know
from services.notifier.domain.draft import Draft
from services.notifier.domain.notices import Notice
from services.notifier.domain.overtaking import Overtaken

STILL_NEWS = timedelta(days=30)
"""As long as activation-events keep a listing. Whoever was listed before then was told of it, or too late to be."""

Listing = ActivationListedV1 | ActivationSnapshotV1


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A client and its agency, which never changes: so that a batch can look up the agencies' people at once.

    `client_id` is None for what is told of the agency itself.
    """

    agency: str
    client_id: UUID | None


People = frozenset[tuple[str, str]]
"""(relation, subject) of all who have to do with a client."""


@dataclass(frozen=True, slots=True)
class ClientNews:
    """What was told of a client so far, who could be told, and what is new in this batch: mails, to known addresses and
    to people of the agency; mails that must not go any more; and readers of whom what they were sent is forgotten.

    `bell` is that of its listing; `bells` the others that are open, and those of this batch; `removed`: (user, subject
    or nothing) of those who are no users any more.
    """

    key: ClientKey
    staff: Staff = field(default_factory=Staff)
    bell: Bell | None = None
    bells: tuple[Bell, ...] = ()
    removed: frozenset[tuple[UUID, str]] = frozenset()
    drafts: tuple[Draft, ...] = ()
    people: People = frozenset()
    erased: bool = False
    notices: tuple[Notice, ...] = ()
    overtaken: tuple[Overtaken, ...] = ()
    forgotten: frozenset[str] = frozenset()


def listed(news: ClientNews | None, event: Envelope[ActivationListedV1], now: datetime) -> Decision[ClientNews]:
    """The client stands in the list: one confirmation mail and one bell."""
    assert news is not None  # load answers every key
    if news.bell is not None or news.erased:
        return Decision(news)
    return _tell(news, _bell(news, event, now), _confirmation(event))


def announced(news: ClientNews | None, event: Envelope[ActivationSnapshotV1], now: datetime) -> Decision[ClientNews]:
    """A client that we know gets the bell's text and nothing else: its mail and its bell were queued with its listing,
    in one transaction. One that we never heard of was lost on the way, and is told of now; where that is no news any
    more (cancelled, erased, or listed long ago) its bell is noted and rings for nobody."""
    assert news is not None  # load answers every key
    state = event.data
    if news.erased:
        return Decision(news)
    handled = handled_by(state)
    handled = handled and as_known(news, handled)
    if news.bell is not None:
        same = news.bell.handled == handled
        return Decision(news if same else replace(news, bell=replace(news.bell, handled=handled)))
    bell = replace(_bell(news, event, now), handled=handled)
    if (
        state.status in {"cancelled", "disconnected"}
        or not state.confirmation_email
        or now - state.listed_at > STILL_NEWS
    ):
        return Decision(replace(news, bell=replace(bell, recipients=(), waiting=False)))
    return _tell(news, bell, _confirmation(event))


def activated(news: ClientNews | None, event: Envelope[ActivationActivatedV1], _now: datetime) -> Decision[ClientNews]:
    """The bell's text says who activated the client; whether it was read stays as it is."""
    return _handled(news, _activated(event.data.activated_by, event.data.activated_at))


def cancelled(news: ClientNews | None, event: Envelope[ActivationCancelledV1], _now: datetime) -> Decision[ClientNews]:
    """The bell's text says that the client was cancelled, and by whom where a person did it."""
    return _handled(news, cancelled_by(event.data.cancelled_by, event.data.cancelled_at))


def _handled(news: ClientNews | None, handled: Handled) -> Decision[ClientNews]:
    assert news is not None  # load answers every key
    if news.bell is None or news.bell.handled is not None or news.erased:
        return Decision(news)
    return Decision(replace(news, bell=replace(news.bell, handled=as_known(news, handled))))


def as_known(news: ClientNews, handled: Handled) -> Handled:
    """Without the name of somebody who has left the agency."""
    return replace(handled, by=news.staff.named(handled.by_sub, handled.by))


def _tell(news: ClientNews, bell: Bell, mail: Draft) -> Decision[ClientNews]:
    return Decision(replace(news, bell=bell, drafts=(*news.drafts, mail)), bell.raised())


def _bell(
    news: ClientNews, event: Envelope[ActivationListedV1] | Envelope[ActivationSnapshotV1], now: datetime
) -> Bell:
    client: Listing = event.data
    creator = client.created_by.sub if client.created_by else None
    creator, responsible = (
        None if sub in news.staff.former else sub for sub in (creator, client.responsible_consultant)
    )
    audience, subs = who_should_know(creator, responsible, news.staff.client_managers)
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
        recipients=(),
    )
    return addressed(bell, subs, news.staff)


def handled_by(state: ActivationSnapshotV1) -> Handled | None:
    """What became of a client, as its snapshot says."""
    if state.cancelled_at is not None:
        return cancelled_by(state.cancelled_by, state.cancelled_at)
    if state.activated_at is not None:
        return _activated(state.activated_by, state.activated_at)
    return None


def cancelled_by(by: RequestedBy | None, at: datetime) -> Handled:
    """Cancelled, by a person or by a source."""
    person = by if by is not None and by.kind == "user" else None
    return Handled("cancelled", person.name if person else None, at, person.id if person else None)


def _activated(by: Person | None, at: datetime) -> Handled:
    return Handled("activated", by.name if by else None, at, by.sub if by else None)


def _confirmation(event: Envelope[ActivationListedV1] | Envelope[ActivationSnapshotV1]) -> Draft:
    client: Listing = event.data
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
