"""What a mail's outcome means to the people of its client: the bell that tells of it, and what became of that."""

from dataclasses import dataclass, replace
from datetime import datetime

from schemas.envelope import Decision, Envelope
from schemas.notification import EmailFailedV1, EmailUnknownV1
from services.notifier.domain.kinds import Kind
from services.notifier.domain.news import ClientNews
from services.notifier.domain.ringing import Ring, ring, who_answers


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail that we have, with the client's people. `resend`: how often somebody had it sent again before.

    `rung`: a bell tells already that this mail, or one like it before, did not arrive. `arrived_at`: it did, now.
    """

    news: ClientNews
    client_name: str
    test: bool
    resend: int
    rung: bool = False
    arrived_at: datetime | None = None


def missed(
    mailed: Mailed, event: Envelope[EmailFailedV1] | Envelope[EmailUnknownV1], kind: Kind, now: datetime
) -> Decision[Mailed]:
    """Rings for whoever answers for the client; never of a client that was erased."""
    data = event.data
    if not mailed.client_name:
        return Decision(mailed)
    facts = {"template": data.template, "cause": data.cause_id, "resend": mailed.resend}
    told = who_answers(mailed.news)
    wanted = Ring(kind, str(data.email_id), told, client_name=mailed.client_name, test=mailed.test, facts=facts)
    decision = ring(mailed.news, wanted, event.correlationid, now)
    return Decision(replace(mailed, news=decision.state, rung=True), decision.says)


def arrived(mailed: Mailed, at: datetime) -> Mailed:
    """What was told of it, or of the mail that this one repeats, reads otherwise from now on."""
    return replace(mailed, arrived_at=at) if mailed.rung or mailed.resend else mailed
