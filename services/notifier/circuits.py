"""Opens and closes the circuits of mail servers by what attempts come to, says so once, and lets one mail try."""

import random
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from chassis.db import Database
from chassis.metrics import REGISTRY
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.circuit import Circuit, Waits, judge
from services.notifier.domain.mail import Deferred, Outcome
from services.notifier.store import circuits

log = structlog.get_logger(__name__)

OPEN = Gauge("aktivera_mail_circuit_open", "1 while mails wait for this mail server", ["relay"], registry=REGISTRY)
OPENED = Counter(
    "aktivera_mail_circuit_opened", "Times that this process opened a circuit", ["relay", "trouble"], registry=REGISTRY
)


def says_something(outcome: Outcome, probe: bool) -> bool:
    """Whether an attempt can change its server's circuit; the others need not look at it."""
    return probe or (isinstance(outcome, Deferred) and outcome.trouble is not None)


async def learn(uow: UnitOfWork, relay: str, mail: UUID, outcome: Outcome, waits: Waits) -> tuple[Circuit, Circuit]:
    """The circuit before this attempt and after it, which is stored."""
    before = await circuits.lock(uow, relay)
    after = judge(before, mail, outcome, uow.now, waits, random.random())
    if after != before:
        await circuits.save(uow, after)
    return before, after


def tell(before: Circuit, after: Circuit) -> None:
    """To be called when it is committed."""
    facts = {"relay": after.relay, "trouble": after.trouble, "code": after.smtp_code}
    OPEN.labels(after.relay).set(after.state != "closed")
    if (before.state == "closed") == (after.state == "closed"):
        if after.failures > before.failures:
            log.info("mail server tried, mails go on waiting", **facts, failures=after.failures)
    elif after.state == "closed":
        log.warning("mail server takes mails again", relay=after.relay, open_since=str(before.since))
    else:
        OPENED.labels(after.relay, after.trouble).inc()
        log.error("mail server stands in the way of all mails, they wait", **facts)


async def gauge(database: Database) -> set[str]:
    """What other replicas opened and closed: the relays whose circuit is not closed."""
    found = await circuits.every(database)
    for circuit in found:
        OPEN.labels(circuit.relay).set(circuit.state != "closed")
    return {circuit.relay for circuit in found if circuit.state != "closed"}
