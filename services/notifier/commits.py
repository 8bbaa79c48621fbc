"""Commits what several workers do to their mails: that contents go out, and what became of them."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from chassis.db import Database
from chassis.failures import is_transient
from chassis.unit_of_work import UnitOfWork
from services.notifier import circuits
from services.notifier.domain.mail import Accepted, InvalidJump, Mail, Outcome, settle
from services.notifier.outcomes import event_of
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries
from services.notifier.store.deliveries import Claimed, Held
from services.notifier.together import Together

log = structlog.get_logger(__name__)

LONGEST_BACK_OFF_SECONDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class GoesOut:
    """A content is about to go out."""

    mail: Claimed
    content: bytes


@dataclass(frozen=True, slots=True, eq=False)
class CameTo:
    """An attempt came to something. `relay`: the server that was asked; `probe`: whether its circuit was tried."""

    mail: Claimed
    outcome: Outcome
    relay: str | None = None
    probe: bool = False


class Commits:
    """The one place where a process's workers store what they do. Contents need not wait for outcomes to be stored."""

    def __init__(
        self, database: Database, settings: NotifierSettings, lease_seconds: float, shut: Callable[[str], None]
    ) -> None:
        """`shut`: called with a relay when its circuit opened."""
        self._database = database
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._shut = shut
        self._contents = Together("contents go out", self._transmit)
        self._outcomes = Together("outcomes stored", self._store)

    async def goes_out(self, mail: Claimed, content: bytes) -> bool:
        """Commits that the content goes out now, and the content. False where the mail is no longer ours."""
        return await self._contents.take(GoesOut(mail, content))

    async def came_to(self, step: CameTo) -> bool:
        """Commits what became of a mail, and says it. False where the attempt is not its last any more."""
        return await self._outcomes.take(step)

    async def until_stored(self, step: CameTo) -> None:
        """What the server answered must not be lost because the database is away for a while."""
        wait = 0.2
        while True:
            try:
                await self.came_to(step)
                return
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("outcome not stored yet", error=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_BACK_OFF_SECONDS)

    async def finish(self) -> None:
        """Waits for what is under way."""
        await self._contents.finish()
        await self._outcomes.finish()

    def is_ours(self) -> bool:
        """Whether whoever calls this is a commit of ours."""
        return self._outcomes.is_running()

    async def _transmit(self, steps: Sequence[GoesOut]) -> set[GoesOut]:
        going_out = [(step.mail, step.content) for step in steps]
        ours = await deliveries.transmit(self._database, going_out, self._lease_seconds)
        return {step for step in steps if step.mail.id in ours}

    async def _store(self, steps: Sequence[CameTo]) -> set[CameTo]:
        async with self._database.unit_of_work() as uow:
            settled = await self._accept(uow, steps) | await self._settle(uow, steps)
            learnt = [
                await circuits.learn(uow, step.relay, step.mail.id, step.outcome, self._settings.waits)
                for step in sorted(steps, key=lambda each: each.relay or "")  # two batches lock circuits in one order
                if step.relay is not None and circuits.says_something(step.outcome, step.probe)
            ]
        for before, after in learnt:
            circuits.tell(before, after)
            if after.state != "closed":
                self._shut(after.relay)
        for id_, mail in settled.items():
            log.info("mail settled", email_id=str(id_), state=mail.state, attempt=mail.attempt, code=mail.smtp_code)
        for step in steps:
            if step.mail.id not in settled:
                log.info("outcome came too late", email_id=str(step.mail.id), attempt=step.mail.attempt)
        return {step for step in steps if step.mail.id in settled}

    async def _accept(self, uow: UnitOfWork, steps: Sequence[CameTo]) -> dict[UUID, Mail]:
        """The many that went well, by one statement."""
        codes = [
            (step.mail.id, step.mail.attempt, step.outcome.smtp_code)
            for step in steps
            if isinstance(step.outcome, Accepted)
        ]
        accepted = await deliveries.accept(uow, codes) if codes else []
        _say(uow, [(held, held.mail) for held in accepted])
        return {held.mail.id: held.mail for held in accepted}

    async def _settle(self, uow: UnitOfWork, steps: Sequence[CameTo]) -> dict[UUID, Mail]:
        """The others, by the rules."""
        others = [step for step in steps if not isinstance(step.outcome, Accepted)]
        if not others:
            return {}
        held = await deliveries.lock(uow, [(step.mail.id, step.mail.attempt) for step in others])
        settled: list[tuple[Held, Mail]] = []
        for step in others:
            if (before := held.get(step.mail.id)) is None:
                continue  # a later attempt has begun
            try:
                after = settle(before.mail, step.outcome, uow.now, self._settings.retries, random.random())
            except InvalidJump:
                continue
            settled.append((before, after))
        await deliveries.save(uow, [after for _, after in settled])
        _say(uow, settled)
        return {after.id: after for _, after in settled}


def _say(uow: UnitOfWork, settled: Sequence[tuple[Held, Mail]]) -> None:
    for held, after in settled:
        if (event := event_of(held, after)) is not None:
            uow.publish(event, held.cause)
