"""Who of an agency is told of a client, and the bell that tells them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from schemas.envelope import Decision
from services.notifier.domain.bell import Audience, Bell, Handled, addressed, who_should_know
from services.notifier.domain.kinds import ENDED, MAIL_KINDS, Kind
from services.notifier.domain.news import ClientNews, as_known

Told = tuple[Audience, Collection[str]]


@dataclass(frozen=True, slots=True)
class Ring:
    """What is to be told: its kind, the cause that makes it once, to whom, and what the text needs."""

    kind: Kind
    cause_id: str
    told: Told
    client_name: str = ""
    test: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    about: str | None = None
    about_sub: str | None = None
    doer: str | None = None


def ring(news: ClientNews, wanted: Ring, correlation_id: str, now: datetime) -> Decision[ClientNews]:
    """Rings for whoever is told; once, and never of an erased client."""
    if news.erased or any((each.kind, each.cause_id) == (wanted.kind, wanted.cause_id) for each in news.bells):
        return Decision(news)
    audience, subs = wanted.told
    bell = Bell(
        client_id=news.key.client_id,
        agency=news.key.agency,
        kind=wanted.kind,
        cause_id=wanted.cause_id,
        client_name=wanted.client_name,
        test=wanted.test,
        created_at=now,
        correlation_id=correlation_id,
        audience=audience,
        recipients=(),
        facts=wanted.facts,
        about=news.staff.named(wanted.about_sub, wanted.about),
        about_sub=wanted.about_sub,
    )
    bell = addressed(bell, subs, news.staff, wanted.doer)
    return Decision(replace(news, bells=(*news.bells, bell)), bell.raised())


def people_of(news: ClientNews, relation: str) -> frozenset[str]:
    """Those who have this to do with the client, and are with the agency still."""
    return frozenset(sub for what, sub in news.people if what == relation and sub not in news.staff.former)


def who_answers(news: ClientNews) -> Told:
    """The creator, else the responsible consultant, else all client managers (rule book §7.4, §7.8)."""
    creator, responsible = (next(iter(people_of(news, each)), None) for each in ("creator", "responsible"))
    return who_should_know(creator, responsible, news.staff.client_managers)


def who_goes_on(news: ClientNews) -> Told:
    """The responsible consultant, else the creator, else all client managers: who may be another by now than then."""
    found = next(iter(people_of(news, "responsible")), None)
    return ("responsible", (found,)) if found is not None else who_answers(news)


def who_works_there(news: ClientNews) -> Told:
    """The consultants who are linked to the client, and the one who answers for it; where there are none, as above."""
    there = people_of(news, "linked") | people_of(news, "responsible")
    return ("user", there) if there else who_answers(news)


def handle(news: ClientNews, handled: Handled, *kinds: Kind, **facts: Any) -> ClientNews:
    """The open bells of these kinds, of all but mails and what is over by itself where none are named, tell from now
    on what became of them; whether they were read stays as it is. `facts`: of those that have these."""
    if news.erased:
        return news
    handled = as_known(news, handled)

    def after(bell: Bell) -> Bell:
        followed = bell.kind in kinds if kinds else bell.kind not in (*MAIL_KINDS, *ENDED)
        same = all(bell.facts.get(name) == value for name, value in facts.items())
        return replace(bell, handled=handled) if bell.handled is None and followed and same else bell

    bells = tuple(after(bell) for bell in news.bells)
    return news if bells == news.bells else replace(news, bells=bells)
