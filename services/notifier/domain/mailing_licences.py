"""Mails to a client's administrators when more licences of a program are in use than it has."""

from schemas.envelope import Envelope
from schemas.licences import LicencesChangedV1, LicencesOverAssignedV1
from services.notifier.domain.draft import Draft
from services.notifier.domain.mailing import draft_of, noticed, overtake, queued
from services.notifier.domain.news import ClientNews
from services.notifier.domain.notices import Notice
from services.notifier.domain.overtaking import Overtaken


def over_assigned(news: ClientNews, event: Envelope[LicencesOverAssignedV1]) -> ClientNews:
    """One mail for each administrator; without an address of their own, to that which the agency has of them."""
    over = event.data
    program = _of(over.program, event)
    cause = program + over.grace_until.isoformat()
    facts = {
        "program": over.program,
        "purchased": over.purchased,
        "assigned": over.assigned,
        "reserved": over.reserved,
        "grace_until": over.grace_until.isoformat(),
    }
    draft = draft_of(event, "over_assigned", cause, facts)
    news = overtake(news, Overtaken("over_assigned", cause=program, but=frozenset({cause})))
    drafts: list[Draft] = []
    for each in over.administrators:
        if each.email is None:
            news = noticed(news, Notice(draft, (each.sub,)))
        else:
            told = {**facts, "name": each.name}
            locale = each.locale or "sv"
            drafts.append(draft_of(event, "over_assigned", cause, told, each.email, locale, each.sub))
    return queued(news, drafts)


def licences_changed(news: ClientNews, event: Envelope[LicencesChangedV1]) -> ClientNews:
    """What has not left yet of a program that has enough licences again is called back."""
    for row in event.data.licences:
        if row.purchased >= row.assigned + row.reserved:
            news = overtake(news, Overtaken("over_assigned", cause=_of(row.program, event)))
    return news


def _of(program: str, event: Envelope[LicencesOverAssignedV1] | Envelope[LicencesChangedV1]) -> str:
    return f"{event.data.client_id}/{program}/"
