"""What the bell's open streams have yet to tell: heard on the line of pokes, and looked for in the table beside it."""

import asyncio

import structlog

from chassis.failures import is_transient
from chassis.pokes import Line
from chassis.service import Context
from services.notifier.store import inbox, pokes
from services.notifier.store.pokes import GONE, MANY

log = structlog.get_logger(__name__)

LOOP, LOOK_LOOP = "bell", "bell-look"
STUCK_SECONDS = 120.0
LOOK_SECONDS = 20.0
CHANGED_AT_ONCE = 64
SHOWN = 50
"""Items of a page: so many may have changed while a reader was away."""


class Ear:
    """What one stream has yet to tell, never more than 64 changed items: beyond, its reader is told to read anew.

    `position` is the number up to which the reader was told of items. While the table is looked at, it is not known
    whether what is poked has been read before or after it changed, so all of it is noted.
    """

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self.position = 0
        self.gone = False
        self._looking = True
        self._anew = False
        self._changed: set[int] = set()

    def begin(self, position: int, *, again: bool = False) -> None:
        """The reader knows all up to there; who comes `again` does not know what became of it since."""
        self.position = position
        if again:
            self._changed.update(range(max(position - SHOWN, 0) + 1, position + 1))

    def poke(self, seq: int) -> None:
        """An item's number, MANY or GONE."""
        if seq == GONE:
            self.gone = True
        elif seq == MANY or (len(self._changed) >= CHANGED_AT_ONCE and seq not in self._changed):
            self._anew = True
        elif seq <= self.position or self._looking:
            self._changed.add(seq)
        self.heard.set()

    def take(self) -> tuple[bool, set[int]]:
        """Whether all is to be read anew, else which items have changed; the table is looked at from now on."""
        anew, changed = self._anew, self._changed
        self._looking, self._anew, self._changed = True, False, set()
        self.heard.clear()
        return anew, set() if anew else {seq for seq in changed if seq <= self.position}

    def looked(self, position: int) -> None:
        """The table was looked at, up to that number."""
        self.position, self._looking = position, False


async def hear_pokes(context: Context) -> None:
    """The loop of the service that tells ears of what was poked. Runs until cancelled."""
    streams = context.streams

    def heard(payload: str) -> None:
        if (poke := pokes.read(payload)) is not None:
            agency, sub, seq = poke
            for ear in streams.of((agency, sub)):
                ear.poke(seq)

    def whole() -> None:
        for person in streams.people:
            for ear in streams.of(person):
                ear.poke(MANY)

    context.heartbeats.expect(LOOP, STUCK_SECONDS)
    line = Line(context.database, context.settings.dsn, pokes.CHANNEL, heard, whole)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(line.run(lambda: context.heartbeats.beat(LOOP)))
        tasks.create_task(_look_now_and_then(context))


async def _look_now_and_then(context: Context) -> None:
    """Makes up for pokes that never arrived."""
    context.heartbeats.expect(LOOK_LOOP, STUCK_SECONDS)
    while True:
        context.heartbeats.beat(LOOK_LOOP)
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await look(context)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("not known whether streams are behind", error=type(error).__name__)


async def look(context: Context) -> None:
    """Wakes the streams that are behind the table, and ends those of people who have left."""
    people = list(context.streams.people)
    if not people:
        return
    for person, (last, has_left) in (await inbox.standing(context.database, people)).items():
        for ear in context.streams.of(person):
            if has_left:
                ear.poke(GONE)
            elif last > ear.position:
                ear.poke(last)
