"""What is mailed of a client besides its confirmation, and which mails are called back: events do both."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from schemas.activation import ClientScoped
from schemas.envelope import Envelope
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.draft import Draft, one_each
from services.notifier.domain.news import ClientNews
from services.notifier.domain.notices import Notice
from services.notifier.domain.overtaking import Overtaken

Mailing = Callable[[ClientNews, Envelope[Any]], ClientNews]
"""What an event means for mails: new ones in the news, and such as must not go any more."""


def overtake(news: ClientNews, overtaken: Overtaken) -> ClientNews:
    """Calls back what was queued before, in this batch and earlier."""
    drafts = tuple(replace(each, superseded=True) if overtaken.covers(each) else each for each in news.drafts)
    notices = tuple(
        replace(each, draft=replace(each.draft, superseded=True)) if overtaken.covers(each.draft) else each
        for each in news.notices
    )
    return replace(news, drafts=drafts, notices=notices, overtaken=(*news.overtaken, overtaken))


def queued(news: ClientNews, drafts: Iterable[Draft]) -> ClientNews:
    """Adds mails, one for each address; none to somebody who has left the agency."""
    known = [_as_known(news, each) for each in drafts if each.reader not in news.staff.former]
    return replace(news, drafts=tuple(one_each((*news.drafts, *known))))


def noticed(news: ClientNews, notice: Notice) -> ClientNews:
    """Adds a mail whose readers are found when it is stored."""
    return replace(news, notices=(*news.notices, replace(notice, draft=_as_known(news, notice.draft))))


def _as_known(news: ClientNews, draft: Draft) -> Draft:
    """Without the name of somebody who has left the agency."""
    by = draft.facts.get("by")
    if by is None or by["sub"] not in news.staff.former:
        return draft
    return replace(draft, facts={**draft.facts, "by": {**by, "name": ""}})


def draft_of(
    event: Envelope[Any],
    template: Template,
    cause_id: str,
    facts: Mapping[str, Any],
    recipient: str = "",
    locale: Locale = "sv",
    reader: str | None = None,
) -> Draft:
    """A mail that an event about a client causes."""
    client: ClientScoped = event.data
    return Draft(
        template=template,
        cause_id=cause_id,
        recipient=recipient,
        client_id=client.client_id,
        agency=client.agency,
        client_name=client.client_name,
        locale=locale,
        test=client.test,
        facts=facts,
        correlation_id=event.correlationid,
        causation_id=event.id,
        traceparent=event.traceparent,
        reader=reader,
        unless_there=True,
    )
