"""Delivers queued mails: claims what is due, hands each to a worker, and settles what became of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import structlog
from jinja2 import TemplateError

from chassis.failpoints import reached
from chassis.failures import is_transient
from chassis.service import Context
from services.notifier.domain.addresses import SenderInvalid, read_sender
from services.notifier.domain.draft import message_id, out_of_date
from services.notifier.domain.mail import Bounced, Deferred, InvalidJump, Outcome, Withheld, settle
from services.notifier.domain.message import compose
from services.notifier.leases import sweep
from services.notifier.mailer import Connection, Parcel
from services.notifier.outcomes import event_of
from services.notifier.rendering import render
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries
from services.notifier.store.deliveries import Claimed
from services.notifier.wording import Links

log = structlog.get_logger(__name__)

LOOP = "delivery"
STUCK_SECONDS = 120.0  # more than one database wait; waiting on the mail server does not stop the beat
LEASE_MARGIN_SECONDS = 15.0
SWEEP_SECONDS = 2.0
LONGEST_BACK_OFF_SECONDS = 10.0

Result = TypeVar("Result")


class Superseded(Exception):  # named after the fact
    """Our lease ran out, and the mail is somebody else's now; or what it says is no longer so, and it must not go."""


@dataclass(frozen=True, slots=True)
class Worker:
    """The connections of one worker. Mails of test clients have a server of their own, or none."""

    world: Connection
    tests: Connection | None

    @classmethod
    def of(cls, settings: NotifierSettings) -> "Worker":
        return cls(Connection(settings), None if settings.for_tests is None else Connection(settings.for_tests))

    def connection(self, mail: Claimed) -> Connection | None:
        return self.tests if mail.test else self.world

    async def quit(self) -> None:
        await self.world.quit()
        if self.tests is not None:
            await self.tests.quit()


@dataclass(slots=True)
class Flight:
    """A mail that a worker has. `must_finish`: the content is out, or its outcome is known and not stored yet."""

    mail: Claimed
    worker: "Worker"
    must_finish: bool = False


async def deliver_mails(context: Context) -> None:
    """The loop of the service: runs until cancelled, then leaves every mail in a state from which it goes on."""
    await Delivery(context).run()


class Delivery:
    """The workers of one process and the mails that they have."""

    def __init__(self, context: Context) -> None:
        assert isinstance(context.settings, NotifierSettings)
        self._settings = context.settings
        self._database = context.database
        self._heartbeats = context.heartbeats
        self._worker = uuid4()
        self._idle = [Worker.of(self._settings) for _ in range(self._settings.mail_workers)]
        self._flights: dict[asyncio.Task[None], Flight] = {}
        self._wake = asyncio.Event()
        self._sweep_at = 0.0
        self._links = Links(self._settings.console_url, self._settings.link_keys)
        self._sender = read_sender(self._settings.mail_from).address

    async def run(self) -> None:
        self._heartbeats.expect(LOOP, STUCK_SECONDS)
        self._database.on_published.append(self._wake.set)
        try:
            while True:
                self._heartbeats.beat(LOOP)
                self._wake.clear()
                try:
                    await self._turn()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("mail queue not reachable", error=type(error).__name__)
                await self._rest()
        finally:
            self._database.on_published.remove(self._wake.set)
            await self._stop()
            self._heartbeats.forget(LOOP)

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_SECONDS
            await sweep(self._database)
        if self._idle:
            for mail in await self._claim(len(self._idle)):
                self._start(mail)

    async def _claim(self, limit: int) -> list[Claimed]:
        lease = self._settings.offer_seconds + LEASE_MARGIN_SECONDS
        claiming = asyncio.ensure_future(
            deliveries.claim(self._database, self._database.clock(), limit, lease, self._worker)
        )
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(Exception):  # what cannot be given back now goes on when its lease has run out
                for mail in await claiming:
                    await self._give_back(mail)
            raise

    async def _rest(self) -> None:
        """Until something is queued or a worker is free, and never longer than the poll: the table is the truth."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.mail_poll_seconds):
                await self._wake.wait()

    def _start(self, mail: Claimed) -> None:
        flight = Flight(mail, self._idle.pop())
        task = asyncio.create_task(self._fly(flight), name=f"mail {mail.id}")
        self._flights[task] = flight
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        flight = self._flights.pop(task)
        self._idle.append(flight.worker)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease decides about the mail; the others go on.
            log.error("delivery failed", email_id=str(flight.mail.id), error=type(error).__name__)

    async def _fly(self, flight: Flight) -> None:
        """One attempt at one mail."""
        mail = flight.mail
        try:
            await reached("notifier.after_claim")
            outcome = await self._attempt(flight)
            flight.must_finish = True
        except Superseded:
            log.info("mail was taken over", email_id=str(mail.id), attempt=mail.attempt)
            return
        except asyncio.CancelledError:
            if not flight.must_finish:  # the server has nothing: somebody else may try at once
                await self._give_back(mail)
            raise
        await self._until_stored(lambda: self._settle(mail, outcome))
        await reached("notifier.after_sent_commit")

    async def _attempt(self, flight: Flight) -> Outcome:
        mail, settings = flight.mail, self._settings
        if mail.superseded or out_of_date(mail.facts, self._database.clock()):
            return Withheld("email_superseded")
        connection = flight.worker.connection(mail)
        if connection is None:
            return Withheld()
        try:
            content = mail.content or self._compose(mail)
        except (TemplateError, KeyError, SenderInvalid):
            log.exception("mail not composed", email_id=str(mail.id), template=mail.template)
            return Deferred("internal_error", "relay")
        except ValueError:
            return Bounced("unprocessable")

        async def before_content() -> None:
            lease = settings.smtp_data_timeout_seconds + LEASE_MARGIN_SECONDS
            if not await deliveries.transmit(self._database, mail, content, lease):
                raise Superseded
            await reached("notifier.before_data")
            flight.must_finish = True

        return await connection.deliver(Parcel(self._sender, mail.recipient, content), before_content)

    def _compose(self, mail: Claimed) -> bytes:
        settings = self._settings
        id_ = message_id(mail.template, mail.cause_id, mail.recipient, mail.resend, settings.mail_domain)
        rendered = render(mail, self._links)
        return compose(rendered, settings.mail_from, mail.recipient, id_, self._database.clock(), mail.locale)

    async def _give_back(self, mail: Claimed) -> None:
        with suppress(Exception):  # as above: the lease decides
            await self._settle(mail, Deferred("interrupted", "us"))

    async def _settle(self, mail: Claimed, outcome: Outcome) -> None:
        """Stores what the attempt came to and says it, if the attempt is still the mail's last."""
        async with self._database.unit_of_work() as uow:
            held = await deliveries.lock(uow, mail.id, mail.attempt)
            try:
                if held is None:
                    raise InvalidJump("a later attempt has begun")
                after = settle(held.mail, outcome, uow.now, self._settings.retries, random.random())
            except InvalidJump as jump:
                log.info("outcome came too late", email_id=str(mail.id), attempt=mail.attempt, jump=str(jump))
                return
            await deliveries.save(uow, [after])
            event = event_of(held, after)
            if event is not None:
                uow.publish(event, held.cause)
        log.info("mail settled", email_id=str(mail.id), state=after.state, attempt=after.attempt, code=after.smtp_code)

    async def _until_stored(self, store: Callable[[], Awaitable[Result]]) -> Result:
        """What the server answered must not be lost because the database is away for a while."""
        wait = 0.2
        while True:
            try:
                return await store()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("outcome not stored yet", error=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_BACK_OFF_SECONDS)

    async def _stop(self) -> None:
        """Mails that the server has not got are given back; for the others its answer is awaited a little."""
        await asyncio.sleep(0)  # a task that has not begun yet could not give its mail back
        flights = dict(self._flights)
        for task, flight in flights.items():
            if not flight.must_finish:
                task.cancel()
        if flights:
            await asyncio.wait(flights, timeout=self._settings.mail_stop_seconds)
        for task in flights:
            task.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await asyncio.gather(*(worker.quit() for worker in self._idle))
