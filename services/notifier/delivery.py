"""Delivers queued mails: claims what is due, hands each to a worker, and settles what became of it."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import uuid4

import structlog

from chassis.failpoints import reached
from chassis.failures import is_transient
from chassis.service import Context
from services.notifier.circuits import gauge, says_something
from services.notifier.commits import CameTo, Commits
from services.notifier.composing import Composer
from services.notifier.domain.draft import out_of_date
from services.notifier.domain.mail import Deferred, Outcome, Withheld
from services.notifier.lanes import Flight, Lane
from services.notifier.leases import sweep
from services.notifier.mailer import Parcel
from services.notifier.settings import NotifierSettings
from services.notifier.store import circuits, deliveries
from services.notifier.store.deliveries import Claimed
from services.notifier.store.turns import rise

log = structlog.get_logger(__name__)

LOOP = "delivery"
STUCK_SECONDS = 60.0  # more than a wait for Postgres; waiting on the mail server does not stop the beat
LEASE_MARGIN_SECONDS = 15.0
SWEEP_SECONDS = 2.0
RISE_SECONDS = 0.2
RISE_AT_ONCE = 500


class GoesNotOut(Exception):  # named after the fact
    """Our lease ran out, and the mail is somebody else's now; or what it says is no longer so, its client was erased,
    or mails are held meanwhile."""


async def deliver_mails(context: Context) -> None:
    """The loop of the service: runs until cancelled, then leaves every mail in a state from which it goes on."""
    await Delivery(context).run()


class Delivery:
    """The workers of one process and the mails that they have. Mails of test clients have workers of their own."""

    def __init__(self, context: Context) -> None:
        assert isinstance(context.settings, NotifierSettings)
        settings = self._settings = context.settings
        self._database = context.database
        self._heartbeats = context.heartbeats
        self._worker = uuid4()
        self._lanes = {
            False: Lane(False, settings, settings.mail_workers),
            True: Lane(True, settings.for_tests, settings.mail_workers),
        }
        self._commits = Commits(
            self._database, settings, settings.smtp_data_timeout_seconds + LEASE_MARGIN_SECONDS, self._shut
        )
        self._heard = True
        self._open: set[str] = set()
        self._errands: set[asyncio.Task[None]] = set()
        self._flights: dict[asyncio.Task[None], Flight] = {}
        self._wake = asyncio.Event()
        self._sweep_at = self._rise_at = 0.0
        self._composer = Composer(settings, self._database.clock)

    async def run(self) -> None:
        self._heartbeats.expect(LOOP, STUCK_SECONDS)
        self._database.on_published.append(self._published)
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
            self._database.on_published.remove(self._published)
            await self._stop()
            self._heartbeats.forget(LOOP)

    def _published(self) -> None:
        """Something was heard, and perhaps queued. What we say of mails ourselves queues none."""
        if not self._commits.is_ours():
            self._heard = True
            self._wake.set()

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_SECONDS
            await sweep(self._database)
            self._heartbeats.beat(LOOP)
            self._open = await gauge(self._database)
            self._heartbeats.beat(LOOP)
        if now >= self._rise_at:
            self._rise_at = now + RISE_SECONDS
            await rise(self._database, self._database.clock(), RISE_AT_ONCE)
            self._heartbeats.beat(LOOP)
            self._heard = True
        heard, self._heard = self._heard, False
        for lane in self._lanes.values():
            if (heard or lane.flows) and (wanted := lane.wanted(lane.pace.room(now))):
                claimed = await self._unless_stopped(self._claim(lane, wanted))
                self._heartbeats.beat(LOOP)
                lane.flows = bool(claimed)
                self._take(lane, claimed)
                if not claimed and lane.idle and lane.of.relay in self._open:
                    for mail in await self._unless_stopped(self._probe(lane)):
                        self._start(mail, probe=True)

    def _take(self, lane: Lane, claimed: Iterable[Claimed]) -> None:
        """What may go now waits for a worker. What must wait for its domain's rate is put off, in nobody's way."""
        now = asyncio.get_running_loop().time()
        go, later = lane.pace.parted(claimed, now)
        lane.ready.extend((mail, now) for mail in go)
        self._dispatch(lane)
        if later:
            self._errand(
                self._put_back((mail, Deferred("email_paced", "us", wait_seconds=wait)) for mail, wait in later)
            )

    async def _claim(self, lane: Lane, limit: int) -> list[Claimed]:
        lease = self._settings.offer_seconds + LEASE_MARGIN_SECONDS
        return await deliveries.claim(self._database, self._database.clock(), limit, lease, self._worker, lane.of)

    async def _probe(self, lane: Lane) -> list[Claimed]:
        """The one mail that tries an open circuit, if it is time: one that is due, else the first of those that wait
        for the server itself. They wait longer than the circuit does; without them it would stay open that long."""
        assert lane.of.relay is not None
        lease = self._settings.offer_seconds + LEASE_MARGIN_SECONDS
        async with self._database.unit_of_work() as uow:
            circuit = await circuits.lock_to_be_tried(uow, lane.of.relay, uow.now)
            if circuit is None:
                return []
            one = partial(deliveries.claim, uow.connection, uow.now, 1, lease, self._worker, lane.of)
            mails = await one(probe="due") or await one(probe="early")
            for mail in mails:
                half_open = replace(circuit, state="half_open", probe=mail.id)
                await circuits.save(uow, half_open, lease)
        return mails

    async def _unless_stopped(self, claim: Awaitable[list[Claimed]]) -> list[Claimed]:
        """What was claimed when a stop came is given back."""
        claiming = asyncio.ensure_future(claim)
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(Exception):  # what cannot be given back now goes on when its lease has run out
                await self._give_back(await claiming)
            raise

    async def _rest(self) -> None:
        """Until something is queued or a worker is free, and never longer than the poll: the table is the truth."""
        with suppress(TimeoutError):
            now = asyncio.get_running_loop().time()
            rests = (lane.pace.rest(now) for lane in self._lanes.values() if lane.flows)
            async with asyncio.timeout(min((self._settings.mail_poll_seconds, *rests))):
                await self._wake.wait()

    def _dispatch(self, lane: Lane) -> None:
        """Claimed mails to free workers. What waited too long goes back: the dialogue might outlast its lease."""
        too_old = asyncio.get_running_loop().time() - LEASE_MARGIN_SECONDS / 2
        if lane.ready and lane.ready[0][1] < too_old:
            self._return(lane)
        while lane.idle and lane.ready:
            mail, _ = lane.ready.popleft()
            self._start(mail)

    def _start(self, mail: Claimed, *, probe: bool = False) -> None:
        flight = self._lanes[mail.test].start(mail, probe=probe)
        task = asyncio.create_task(self._fly(flight), name=f"mail {mail.id}")
        self._flights[task] = flight
        task.add_done_callback(self._ended)

    def _land(self, flight: Flight) -> None:
        """Frees the worker for the next mail, which gets as far as its content while this one's outcome is stored."""
        if not flight.landed:
            flight.landed = True
            lane = self._lanes[flight.mail.test]
            lane.land(flight.worker)
            self._dispatch(lane)
            self._wake.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        flight = self._flights.pop(task)
        flight.stored.set()
        self._land(flight)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The lease decides about the mail; the others go on.
            log.error("delivery failed", email_id=str(flight.mail.id), error=type(error).__name__)

    async def _fly(self, flight: Flight) -> None:
        """One attempt at one mail."""
        mail = flight.mail
        try:
            await reached("notifier.after_claim")
            outcome = self._lanes[mail.test].heard(mail, await self._attempt(flight))
            flight.must_finish = True
        except GoesNotOut:
            log.info("mail does not go out", email_id=str(mail.id), attempt=mail.attempt)
            await self._give_back([mail], probe=flight.probe)  # which does nothing where it is somebody else's
            return
        except asyncio.CancelledError:
            if not flight.must_finish:  # the server has nothing: somebody else may try at once
                await self._give_back([mail], probe=flight.probe)
            raise
        except Exception as error:
            if flight.must_finish or not is_transient(error):
                raise
            outcome, flight.must_finish = Deferred("interrupted", "us"), True  # whatever was stored, it did not go out
        await self._store(flight, outcome)
        flight.stored.set()
        await reached("notifier.after_sent_commit")

    async def _store(self, flight: Flight, outcome: Outcome) -> None:
        step = self._step(flight.mail, outcome, probe=flight.probe)
        storing = asyncio.ensure_future(self._commits.until_stored(step))
        if not says_something(outcome, flight.probe):  # else the next mail would meet the same before anybody knows
            self._land(flight)
        await storing

    async def _attempt(self, flight: Flight) -> Outcome:
        mail, worker = flight.mail, flight.worker
        if mail.superseded or out_of_date(mail.facts, self._database.clock()):
            return Withheld("email_superseded")
        if worker.connection is None:
            return Withheld()
        content = self._composer.content(mail)
        if not isinstance(content, bytes):
            return content

        async def before_content() -> None:
            if flight.before is not None:
                await flight.before.wait()  # a process that dies leaves one mail unknown for each connection, never two
            if not await self._commits.goes_out(mail, content):
                raise GoesNotOut
            await reached("notifier.before_data")
            flight.must_finish = True

        return await worker.connection.deliver(Parcel(self._composer.sender, mail.recipient, content), before_content)

    def _step(self, mail: Claimed, outcome: Outcome, *, probe: bool = False) -> CameTo:
        return CameTo(mail, outcome, self._lanes[mail.test].of.relay, probe)

    async def _give_back(self, mails: Iterable[Claimed], *, probe: bool = False) -> None:
        await self._put_back(((mail, Deferred("interrupted", "us")) for mail in mails), probe=probe)

    async def _put_back(self, mails: Iterable[tuple[Claimed, Deferred]], *, probe: bool = False) -> None:
        steps = [self._step(mail, why, probe=probe) for mail, why in mails]
        # As above: the lease decides about what cannot be given back.
        await asyncio.gather(*(self._commits.came_to(step) for step in steps), return_exceptions=True)

    def _shut(self, relay: str) -> None:
        """A circuit opened: what is claimed and not begun goes back."""
        self._open.add(relay)
        for lane in self._lanes.values():
            if lane.of.relay == relay and lane.ready:
                self._return(lane)

    def _return(self, lane: Lane) -> None:
        self._errand(self._give_back(lane.unbegun()))

    def _errand(self, giving_back: Coroutine[None, None, None]) -> None:
        errand = asyncio.create_task(giving_back, name="mails given back")
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    async def _stop(self) -> None:
        """Mails that the server has not got are given back; for the others its answer is awaited a little."""
        await asyncio.sleep(0)  # a task that has not begun yet could not give its mail back
        lanes = self._lanes.values()
        unbegun = [mail for lane in lanes for mail in lane.unbegun()]
        flights = dict(self._flights)
        for task, flight in flights.items():
            if not flight.must_finish:
                task.cancel()
        await self._give_back(unbegun)
        if flights:
            await asyncio.wait(flights, timeout=self._settings.mail_stop_seconds)
        for task in flights:
            task.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        await asyncio.gather(*self._errands, return_exceptions=True)
        await self._commits.finish()
        connections = [worker.connection for lane in lanes for worker in lane.idle if worker.connection is not None]
        await asyncio.gather(*(connection.quit() for connection in connections))
