"""Makes a mail's content when it is about to go out for the first time, from its facts and our settings."""

import structlog

from chassis.clock import Clock
from services.notifier.domain.addresses import SenderInvalid, read_sender
from services.notifier.domain.draft import message_id
from services.notifier.domain.mail import Bounced, Deferred, Outcome
from services.notifier.domain.message import compose
from services.notifier.rendering import render
from services.notifier.settings import NotifierSettings
from services.notifier.store.deliveries import Claimed
from services.notifier.wording import Links

log = structlog.get_logger(__name__)


class Composer:
    """Knows whom mails are from and where their links lead."""

    def __init__(self, settings: NotifierSettings, clock: Clock) -> None:
        self.sender = read_sender(settings.mail_from).address
        self._from = settings.mail_from
        self._domain = settings.mail_domain
        self._links = Links(settings.console_url, settings.link_keys)
        self._clock = clock

    def content(self, mail: Claimed) -> bytes | Outcome:
        """What the mail had before, or a new one; an outcome where it can have none."""
        try:
            return mail.content or self._compose(mail)
        except Exception as error:  # any bug of ours: its mails wait for a mended release, and the others go on
            if isinstance(error, ValueError) and not isinstance(error, SenderInvalid):
                return Bounced("unprocessable")
            log.exception("mail not composed", email_id=str(mail.id), template=mail.template)
            return Deferred("internal_error", "relay")

    def _compose(self, mail: Claimed) -> bytes:
        id_ = message_id(mail.template, mail.cause_id, mail.recipient, mail.resend, self._domain)
        return compose(render(mail, self._links), self._from, mail.recipient, id_, self._clock(), mail.locale)
