"""What each mail says, from the facts that were queued with it: names, numbers, days in words, where its link leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.dates import format_date, format_time

from chassis.link_keys import LinkKeys
from schemas.notification import Template
from schemas.programs import PROGRAMS
from services.notifier.domain.bell_texts import SWEDEN
from services.notifier.domain.names import shown

Facts = Mapping[str, Any]
Words = dict[str, Any]


class LinkKeyMissing(KeyError):
    """The key of a link's code is not among ours: the mail waits until it is there."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where links lead, and the keys of their codes. Without an address of the console mails have no links."""

    console_url: str | None
    keys: LinkKeys

    def to(self, path: str) -> str | None:
        return None if self.console_url is None else self.console_url.rstrip("/") + path

    def code(self, facts: Facts, *of: str) -> str:
        """The code that activation expects of these facts and the generation. Raises LinkKeyMissing."""
        if facts["kid"] not in self.keys.keys:
            raise LinkKeyMissing(facts["kid"])
        return self.keys.code(facts["kid"], *(UUID(facts[name]) for name in of), facts["generation"])


def words(template: Template, client_id: UUID, facts: Facts, links: Links, locale: str) -> Words:
    """What the template of a mail is given besides names of client and agency. `link` is None where there is none."""
    by = facts.get("by") or {}
    told = _WORDS[template](client_id, facts, links, locale)
    name, asked_by = facts.get("name"), by.get("name")
    return {"name": name and shown(name), "by": asked_by and shown(asked_by), "link": None, **told}


def _confirmation(_client_id: UUID, facts: Facts, _links: Links, locale: str) -> Words:
    licences = [(_program(id_, locale), count) for id_, count in sorted(facts["counts"].items()) if count > 0]
    return {"program_access": facts["program_access"], "licences": licences}


def _invitation(_client_id: UUID, facts: Facts, links: Links, locale: str) -> Words:
    code = links.code(facts, "invitation_id")
    return {
        "id": facts["invitation_id"],
        "code": code,
        "expires": _moment(facts["expires_at"], locale),
        "link": links.to(f"/invitations/{facts['invitation_id']}?code={code}"),
    }


def _reminder(client_id: UUID, facts: Facts, links: Links, locale: str) -> Words:
    since = datetime.fromisoformat(facts["pending_since"]).astimezone(SWEDEN).date()
    return {
        "since": format_date(since, "long", _babel(locale)),
        "days": (datetime.fromisoformat(facts["day"]).date() - since).days,
        "why": facts["why"],
        "link": links.to(f"/activations?client={client_id}"),
    }


def _over_assigned(client_id: UUID, facts: Facts, links: Links, locale: str) -> Words:
    return {
        "program": _program(facts["program"], locale),
        "purchased": facts["purchased"],
        "assigned": facts["assigned"],
        "reserved": facts["reserved"],
        "until": _day(facts["grace_until"], locale),
        "link": links.to(f"/clients/{client_id}/licences"),
    }


def _handover(client_id: UUID, _facts: Facts, links: Links, _locale: str) -> Words:
    return {"link": links.to(f"/clients/{client_id}/access")}


def _disconnection(client_id: UUID, facts: Facts, links: Links, locale: str) -> Words:
    code = links.code(facts, "disconnection_id", "user_id")
    return {
        "code": code,
        "expires": _moment(facts["expires_at"], locale),
        "link": links.to(f"/clients/{client_id}/disconnection?code={code}"),
    }


_WORDS: Mapping[Template, Callable[[UUID, Facts, Links, str], Words]] = {
    "confirmation": _confirmation,
    "invitation": _invitation,
    "reminder": _reminder,
    "over_assigned": _over_assigned,
    "handover": _handover,
    "disconnection": _disconnection,
}


def _program(id_: str, locale: str) -> str:
    program = PROGRAMS.programs.get(id_)
    if program is None:
        return id_  # a program newer than this service
    return program.name_en if locale == "en" else program.name_sv


def _day(moment: str, locale: str) -> str:
    """`9 mars 2026`."""
    return format_date(datetime.fromisoformat(moment).astimezone(SWEDEN).date(), "long", _babel(locale))


def _moment(moment: str, locale: str) -> str:
    """`9 mars 2026 kl. 09:00`, in Swedish time, rounded down to the minute."""
    clock = format_time(datetime.fromisoformat(moment).astimezone(SWEDEN).time(), "HH:mm", locale=_babel(locale))
    return f"{_day(moment, locale)} {'at' if locale == 'en' else 'kl.'} {clock}"


def _babel(locale: str) -> str:
    return "en_GB" if locale == "en" else "sv_SE"
