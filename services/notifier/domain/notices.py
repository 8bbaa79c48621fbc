"""Mails to people of the agency, whose addresses stand with the agency and are looked up as the mail is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.notifier.domain.agency import Consultant
from services.notifier.domain.draft import Draft, one_each


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail to people of the agency, whose addresses are known with the agency: to the first of `subs` who has one;
    where nobody has and `else_client_managers`, to each of those. `draft` has no recipient yet."""

    draft: Draft
    subs: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    else_client_managers: bool = False


def addressed(notice: Notice, consultants: Mapping[str, Consultant]) -> list[Draft]:
    """The notice as mails: one for each reader with an address; none where nobody is known."""
    reasons = notice.reasons or ("",) * len(notice.subs)
    for sub, reason in zip(notice.subs, reasons, strict=True):
        if sub in consultants:
            return [_to(notice.draft, consultants[sub], reason)]
    if not notice.else_client_managers:
        return []
    managers = [each for each in consultants.values() if "client_manager" in each.roles]
    return one_each(_to(notice.draft, each, "client_managers") for each in sorted(managers, key=lambda one: one.sub))


def _to(draft: Draft, reader: Consultant, why: str) -> Draft:
    facts = {**draft.facts, "name": reader.name} | ({"why": why} if why else {})
    return replace(draft, recipient=reader.email, locale=reader.locale, reader=reader.sub, facts=facts)
