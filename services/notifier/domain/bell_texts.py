"""The texts of the bell, in Swedish and English, with Swedish times."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.notifier.domain.bell import Handled, Kind

SWEDEN = ZoneInfo("Europe/Stockholm")

_OPEN = {
    ("client_listed", "sv"): "{client}: ny klient att aktivera",
    ("client_listed", "en"): "{client}: new client to activate",
}
_HANDLED = {
    ("activated", "sv"): "{client}: aktiverad av {by} {when}",
    ("activated", "en"): "{client}: activated by {by} {when}",
    ("cancelled", "sv"): "{client}: avbruten av {by} {when}",
    ("cancelled", "en"): "{client}: cancelled by {by} {when}",
}
_ERASED = {"sv": "En raderad klient", "en": "An erased client"}
_NOBODY = {"sv": "uppdragssystemet", "en": "the upstream system"}
_MONTHS = {
    "sv": ("jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}
_PATHS = {"client_listed": "/activations?client={client_id}"}


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


def text(kind: Kind, client: str, handled: Handled | None, now: datetime, locale: str) -> str:
    """What the bell says now."""
    client = client or _ERASED[locale]
    if handled is None:
        return _OPEN[kind, locale].format(client=client)
    by = handled.by or _NOBODY[locale]
    return _HANDLED[handled.how, locale].format(client=client, by=by, when=when(handled.at, now, locale))


def path(kind: Kind, client_id: str) -> str:
    """Where in the console the bell leads."""
    return _PATHS[kind].format(client_id=client_id)
