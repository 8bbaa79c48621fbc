"""The texts of the bell, in Swedish and English, with Swedish times."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.programs import PROGRAMS
from services.notifier.domain.bell import Bell, Handled
from services.notifier.domain.names import shown

SWEDEN = ZoneInfo("Europe/Stockholm")

_OPEN = {
    ("client_listed", "sv"): "{client}: ny klient att aktivera",
    ("client_listed", "en"): "{client}: new client to activate",
    ("reminder_due", "sv"): "{client}: väntar på att aktiveras sedan {since}",
    ("reminder_due", "en"): "{client}: has waited to be activated since {since}",
    ("licences_low", "sv"): "{client}: {available} lediga licenser kvar i {program}",
    ("licences_low", "en"): "{client}: {available} free licences left in {program}",
    ("over_assigned", "sv"): "{client}: {over} fler licenser i bruk än köpta i {program}",
    ("over_assigned", "en"): "{client}: {over} more licences in use than bought in {program}",
    ("cancellation_refused", "sv"): "{client}: kunde inte avbrytas",
    ("cancellation_refused", "en"): "{client}: could not be cancelled",
    ("reassigned", "sv"): "{client}: du är ansvarig nu, enligt {about}",
    ("reassigned", "en"): "{client}: you are responsible now, says {about}",
    ("handover", "sv"): "{client}: du har tagit över efter {about}",
    ("handover", "en"): "{client}: you have taken over from {about}",
    ("disconnection_requested", "sv"): "{client}: {about} vill koppla bort byrån",
    ("disconnection_requested", "en"): "{client}: {about} wants to disconnect the agency",
    ("disconnection_approved", "sv"): "{client}: bortkopplad av {about}",
    ("disconnection_approved", "en"): "{client}: disconnected by {about}",
    ("disconnection_withdrawn", "sv"): "{client}: bortkopplingen återtagen av {about}",
    ("disconnection_withdrawn", "en"): "{client}: the disconnection was withdrawn by {about}",
    ("disconnection_expired", "sv"): "{client}: bortkopplingen godkändes inte i tid",
    ("disconnection_expired", "en"): "{client}: the disconnection was not approved in time",
    ("invitation_expired", "sv"): "{client}: inbjudan till {about} har gått ut",
    ("invitation_expired", "en"): "{client}: the invitation of {about} has run out",
    ("email_failed", "sv"): "{client}: {mail} kom inte fram",
    ("email_failed", "en"): "{client}: {mail} could not be delivered",
    ("email_unknown", "sv"): "{client}: ingen vet om {mail} kom fram",
    ("email_unknown", "en"): "{client}: nobody knows whether {mail} arrived",
    ("release_refused", "sv"): "{about} kan inte tas bort: {clients} klienter blir utan administratör",
    ("release_refused", "en"): "{about} cannot be removed: {clients} clients would have no administrator",
}
_HANDLED = {
    ("activated", "sv"): "{client}: aktiverad av {by} {when}",
    ("activated", "en"): "{client}: activated by {by} {when}",
    ("cancelled", "sv"): "{client}: avbruten av {by} {when}",
    ("cancelled", "en"): "{client}: cancelled by {by} {when}",
    ("disconnected", "sv"): "{client}: bortkopplad av {by} {when}",
    ("disconnected", "en"): "{client}: disconnected by {by} {when}",
    ("withdrawn", "sv"): "{client}: återtagen {when}",
    ("withdrawn", "en"): "{client}: withdrawn {when}",
    ("expired", "sv"): "{client}: bortkopplingen godkändes inte i tid {when}",
    ("expired", "en"): "{client}: the disconnection was not approved in time {when}",
    ("given_on", "sv"): "{client}: lämnad vidare av {by} {when}",
    ("given_on", "en"): "{client}: given on by {by} {when}",
    ("enough_again", "sv"): "{client}: licenserna i {program} räcker igen {when}",
    ("enough_again", "en"): "{client}: licences in {program} suffice again {when}",
    ("sent_again", "sv"): "{client}: inbjudan till {about} skickad igen {when}",
    ("sent_again", "en"): "{client}: the invitation of {about} was sent again {when}",
    ("accepted", "sv"): "{client}: {by} har kommit in {when}",
    ("accepted", "en"): "{client}: {by} has come in {when}",
    ("sent", "sv"): "{client}: {mail} skickades {when}",
    ("sent", "en"): "{client}: {mail} was sent {when}",
    ("released", "sv"): "{about} har lämnat sina klienter {when}",
    ("released", "en"): "{about} has left their clients {when}",
}
_MAILS = {
    ("confirmation", "sv"): "bekräftelsemejlet",
    ("confirmation", "en"): "the confirmation mail",
    ("reminder", "sv"): "påminnelsemejlet",
    ("reminder", "en"): "the reminder",
    ("invitation", "sv"): "ett inbjudningsmejl",
    ("invitation", "en"): "an invitation",
    ("over_assigned", "sv"): "mejlet om licenser",
    ("over_assigned", "en"): "the mail on licences",
    ("handover", "sv"): "mejlet om överlämningen",
    ("handover", "en"): "the mail on the hand-over",
    ("disconnection", "sv"): "mejlet om bortkopplingen",
    ("disconnection", "en"): "the mail on the disconnection",
}
_ERASED = {"sv": "En raderad klient", "en": "An erased client"}
_NOBODY = {"sv": "uppdragssystemet", "en": "the upstream system"}
_SOMEBODY = {"sv": "någon", "en": "somebody"}
_MONTHS = {
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def language(locale: str) -> str:
    """sv unless the reader prefers English."""
    return "en" if locale.lower().startswith("en") else "sv"


def when(moment: datetime, now: datetime, locale: str) -> str:
    """`10:42` today, `3 mars 10:42` this year, `3 mars 2025 10:42` before."""
    there, today = moment.astimezone(SWEDEN), now.astimezone(SWEDEN)
    clock = f"{there:%H:%M}"
    if there.date() == today.date():
        return clock
    day = f"{there.day} {_MONTHS[locale][there.month - 1]}"
    return f"{day} {clock}" if there.year == today.year else f"{day} {there.year} {clock}"


def text(bell: Bell, now: datetime, locale: str) -> str:
    """What the bell says now."""
    handled = bell.handled
    known = _spoken(bell, now, locale)
    if handled is None:
        return _OPEN[bell.kind, locale].format(**known)
    return _HANDLED[handled.how, locale].format(**known, by=_by(handled, locale), when=when(handled.at, now, locale))


def _by(handled: Handled, locale: str) -> str:
    if handled.by is not None:
        return shown(handled.by)
    return _NOBODY[locale] if handled.by_sub is None else _SOMEBODY[locale]


def _spoken(bell: Bell, now: datetime, locale: str) -> dict[str, Any]:
    """What the texts name, as it is said: of an erased client and a person who was forgotten no name."""
    said: dict[str, Any] = {**bell.facts}
    somebody = _SOMEBODY[locale] if bell.client_id else _SOMEBODY[locale].capitalize()
    said["client"] = shown(bell.client_name) if bell.client_name else _ERASED[locale]
    said["about"] = shown(bell.about) if bell.about else somebody
    if "program" in said:
        program = PROGRAMS.programs.get(said["program"])
        names = {"sv": program.name_sv, "en": program.name_en} if program else {}
        said["program"] = names.get(locale, said["program"])
    if "template" in said:
        said["mail"] = _MAILS.get((said["template"], locale), said["template"])
    if "since" in said:
        said["since"] = when(datetime.fromisoformat(said["since"]), now, locale)
    return said
