"""Commits what several workers do to their mails together: one transaction for all that came while the last one ran."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import structlog

from chassis.db import Database
from chassis.failures import is_transient
from chassis.unit_of_work import UnitOfWork
from services.notifier import circuits
from services.notifier.domain.circuit import Circuit
from services.notifier.domain.mail import InvalidJump, Mail, Outcome, settle
from services.notifier.outcomes import event_of
from services.notifier.settings import NotifierSettings
from services.notifier.store import deliveries
from services.notifier.store.deliveries import Claimed, Held

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 64
LONGEST_BACK_OFF_SECONDS = 10.0
AT_A_TIME = 2  # while one waits for the disk the next is written


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


Step: TypeAlias = GoesOut | CameTo


@dataclass(slots=True)
class Done:
    """What a transaction did, to be told when it is committed."""

    ours: set[UUID]
    settled: dict[UUID, Mail]
    circuits: list[tuple[Circuit, Circuit]]


class Commits:
    """The one place where a process's workers store what they do."""

    def __init__(
        self, database: Database, settings: NotifierSettings, lease_seconds: float, shut: Callable[[str], None]
    ) -> None:
        """`shut`: called with a relay when its circuit opened."""
        self._database = database
        self._settings = settings
        self._lease_seconds = lease_seconds
        self._shut = shut
        self._waiting: list[tuple[Step, asyncio.Future[bool]]] = []
        self._running: set[asyncio.Task[None]] = set()

    async def goes_out(self, mail: Claimed, content: bytes) -> bool:
        """Commits that the content goes out now, and the content. False where the mail is no longer ours."""
        return await self._step(GoesOut(mail, content))

    async def came_to(self, step: CameTo) -> bool:
        """Commits what became of a mail, and says it. False where the attempt is not its last any more."""
        return await self._step(step)

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
        while self._running:
            await asyncio.wait(self._running)

    async def _step(self, step: Step) -> bool:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        if len(self._running) < AT_A_TIME:
            task = asyncio.create_task(self._run(), name="mail commits")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await future

    def is_ours(self) -> bool:
        """Whether whoever calls this is a commit of ours."""
        return asyncio.current_task() in self._running

    async def _run(self) -> None:
        while self._waiting:
            steps, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                await self._commit_or_each(steps)
            except BaseException:
                _fail(steps, ConnectionError("the workers were stopped"))
                raise

    async def _commit_or_each(self, steps: Sequence[tuple[Step, asyncio.Future[bool]]]) -> None:
        try:
            await self._commit(steps)
        except Exception as error:
            if is_transient(error) or len(steps) == 1:
                _fail(steps, error)
                return
            for each in steps:  # one mail's bug is not the others'
                await self._commit_or_each([each])

    async def _commit(self, steps: Sequence[tuple[Step, asyncio.Future[bool]]]) -> None:
        async with self._database.unit_of_work() as uow:
            done = await self._store(uow, [step for step, _ in steps])
        for before, after in done.circuits:
            circuits.tell(before, after)
            if after.state != "closed":
                self._shut(after.relay)
        for step, future in steps:
            id_ = step.mail.id
            if isinstance(step, CameTo) and (mail := done.settled.get(id_)) is not None:
                log.info("mail settled", email_id=str(id_), state=mail.state, attempt=mail.attempt, code=mail.smtp_code)
            if not future.done():
                future.set_result(id_ in (done.ours if isinstance(step, GoesOut) else done.settled))

    async def _store(self, uow: UnitOfWork, steps: Sequence[Step]) -> Done:
        going_out = [(step.mail, step.content) for step in steps if isinstance(step, GoesOut)]
        came_to = [step for step in steps if isinstance(step, CameTo)]
        ours = await deliveries.transmit(uow, going_out, self._lease_seconds) if going_out else set()
        settled = await self._settle(uow, came_to) if came_to else {}
        learnt = [
            await circuits.learn(uow, step.relay, step.mail.id, step.outcome, self._settings.waits)
            for step in came_to
            if step.relay is not None and circuits.says_something(step.outcome, step.probe)
        ]
        return Done(ours, settled, learnt)

    async def _settle(self, uow: UnitOfWork, steps: Sequence[CameTo]) -> dict[UUID, Mail]:
        held = await deliveries.lock(uow, [(step.mail.id, step.mail.attempt) for step in steps])
        settled: list[tuple[Held, Mail]] = []
        for step in steps:
            id_ = step.mail.id
            try:
                if id_ not in held:
                    raise InvalidJump("a later attempt has begun")
                after = settle(held[id_].mail, step.outcome, uow.now, self._settings.retries, random.random())
            except InvalidJump as jump:
                log.info("outcome came too late", email_id=str(id_), attempt=step.mail.attempt, jump=str(jump))
                continue
            settled.append((held[id_], after))
        await deliveries.save(uow, [after for _, after in settled])
        for before, after in settled:
            if (event := event_of(before, after)) is not None:
                uow.publish(event, before.cause)
        return {after.id: after for _, after in settled}


def _fail(steps: Sequence[tuple[Step, asyncio.Future[bool]]], error: Exception) -> None:
    for _, future in steps:
        if not future.done():
            future.set_exception(error)
