"""The Faust app: reads topics and hands each record over. It commits, says and makes nothing.

Its own tables are not used: they need a changelog topic, and one event of a clock that is days ahead empties them
(docs/adr/0015). What Faust may lose of an acknowledgement does no harm here: where to read from is the word of what the
windows hold. Each app is a group of its own, since members of one would share the partitions, and each count its share.
"""

import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import faust
from faust.tables.manager import TableManager
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from chassis.extents import Place
from chassis.handling import Record
from chassis.ids import uuid7
from chassis.settings import CommonSettings

GROUPS = "insights"
"""What their names begin with. They leave nothing in Kafka, where a group without commits goes with its member."""
IN_ONE_GO = 20
"""Records counted before others have their turn: about a millisecond."""
FETCH_BYTES, FETCH_MS = 64 * 1024, 500
"""The broker answers when there is so much, or after so long: asking for each event costs more than counting it."""


class _Thread(driver.AIOKafkaConsumerThread):
    """Asks the broker seldom. Faust has no setting for it, and these two of the client's are read when it starts."""

    def _create_worker_consumer(self, transport: driver.Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_min_bytes, consumer._fetch_max_wait_ms = FETCH_BYTES, FETCH_MS
        return consumer


class _Consumer(driver.Consumer):
    """Begins each partition where the windows end, at every assignment."""

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    async def perform_seek(self) -> None:
        assert isinstance(self.app, Reader)
        for place in self.assignment():
            await self.seek(place, self.app.begin_at(place))
            self._read_offset[place] = None
            self._committed_offset[place] = None

    async def _commit(self, _offsets: Mapping[TP, int]) -> bool:
        """Only tells Faust that it is done, which would else keep what it acknowledged."""
        return True

    def verify_event_path(self, _now: float, _tp: TP) -> None:
        """Nothing: after five quiet minutes Faust takes the next event for one that is stuck, and logs an error. That
        reading stands still is seen by `reading.py`."""


class _Transport(driver.Transport):
    Consumer = _Consumer


class _NoTables(TableManager):
    """Begins at once: Faust's own waits a second for tables to be there, and reads nothing before."""

    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class Reader(faust.App):
    """Faust, as far as it is used."""

    def __init__(
        self,
        common: CommonSettings,
        topics: Iterable[str],
        begin_at: Callable[[Place], int],
        hear: Callable[[Record], None],
        turn: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(
            f"{common.topic_prefix}{GROUPS}-{uuid7()}",
            broker=[f"kafka://{each}" for each in common.kafka_bootstrap.split(",")],
            store="memory://",
            datadir=str(Path(tempfile.gettempdir()) / "aktivera-insights"),  # made, and stays empty
            value_serializer="raw",
            key_serializer="raw",
            topic_disable_leader=True,
            topic_allow_declare=False,
            web_enabled=False,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=64 * 1024,
            broker_session_timeout=10.0,
            broker_heartbeat_interval=2.5,
            broker_max_poll_records=200,
            stream_buffer_maxsize=256,
            stream_wait_empty=False,
            TableManager=_NoTables,
        )
        self.transport = _Transport(list(self.conf.broker_consumer), self)
        self._begin_at = begin_at
        topic = self.topic(*topics, value_type=bytes, value_serializer="raw", key_serializer="raw")

        @self.agent(topic, concurrency=1)
        async def count(stream: Any) -> None:
            heard = 0
            async for event in stream.events():
                hear(event.message)
                heard += 1
                if heard % IN_ONE_GO == 0:
                    await turn()

    def begin_at(self, place: TP) -> int:
        return self._begin_at((place.topic, place.partition))
