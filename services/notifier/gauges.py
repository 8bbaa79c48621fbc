"""What the notifier adds to its metrics: how many mails wait, fail or came to nobody knows what, and since when."""

from typing import get_args

from prometheus_client import Gauge

from chassis.db import Database
from chassis.metrics import REGISTRY
from schemas.notification import Template
from services.notifier.store import counts

STATES = ("pending", "retry", "sending", "transmitting", "unknown", "failed")

MAILS = Gauge(
    "aktivera_mails",
    "Mails that are not sent; unknown: of 30 days and not sent again, failed: of the last day",
    ["state", "template"],
    registry=REGISTRY,
)
AGE_SECONDS = Gauge("aktivera_mail_age_seconds", "Age of the oldest of them", ["state"], registry=REGISTRY)
UNMADE = Gauge("aktivera_mails_unmade", "Mails that wait since they cannot be made", ["template"], registry=REGISTRY)
HELD = Gauge("aktivera_mails_held", "1 while all mails are held back", registry=REGISTRY)


async def gauge(database: Database) -> None:
    """Sets them as the tables stand now."""
    found = await counts.count(database)
    now = database.clock()
    HELD.set(found.held)
    for template in get_args(Template):
        UNMADE.labels(template).set(found.mails.get(("unmade", template), (0,))[0])
    for state in STATES:
        of_state = {template: found.mails.get((state, template)) for template in get_args(Template)}
        for template, each in of_state.items():
            MAILS.labels(state, template).set(each[0] if each else 0)
        oldest = min((since for _, since in filter(None, of_state.values())), default=now)
        AGE_SECONDS.labels(state).set(max((now - oldest).total_seconds(), 0))
