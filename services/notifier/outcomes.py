"""The event that says what became of a mail."""

from schemas.envelope import Say
from schemas.notification import EmailFailedV1, EmailSentV1, EmailUnknownV1
from services.notifier.domain.mail import Mail
from services.notifier.store.deliveries import Held

_SAID = {"sent": EmailSentV1, "failed": EmailFailedV1, "unknown": EmailUnknownV1}


def event_of(held: Held, after: Mail) -> Say | None:
    """What is said when a mail reaches a final state; None while it goes on."""
    model = _SAID.get(after.state)
    if model is None:
        return None
    return Say(
        model(
            client_id=held.client_id,
            agency=held.agency,
            email_id=after.id,
            template=held.template,
            cause_id=held.cause_id,
            attempts=after.attempts,
            smtp_code=after.smtp_code,
            at=after.settled_at,
        )
    )
