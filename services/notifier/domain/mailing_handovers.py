"""The mail to a consultant who has taken over a client."""

from schemas.envelope import Envelope
from schemas.handover import HandoverCompletedV1
from services.notifier.domain.mailing import draft_of, noticed, queued
from services.notifier.domain.news import ClientNews
from services.notifier.domain.notices import Notice


def handed_over(news: ClientNews, event: Envelope[HandoverCompletedV1]) -> ClientNews:
    """To the address that the event has, else to the one that the agency has of them."""
    handover = event.data
    to = handover.to
    cause = f"{handover.handover_id}/{handover.client_id}"
    facts = {"name": to.name, "by": handover.from_.model_dump()}
    if to.email is None:
        return noticed(news, Notice(draft_of(event, "handover", cause, facts), (to.sub,)))
    return queued(news, [draft_of(event, "handover", cause, facts, to.email, to.locale or "sv", to.sub)])
