"""The two words for failure: never (Unprocessable) and not now (transient). Anything else is a bug."""

import asyncio

import asyncpg
from aiokafka.errors import KafkaError


class Unprocessable(Exception):  # the word of the field
    """This event can never succeed. `code` is in schemas/errors; `detail` names no value of the event."""

    def __init__(self, code: str, detail: str = "", pointer: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.pointer = pointer

    def bare(self) -> "Unprocessable":
        """Itself without where it was raised: kept with its frames it would keep all that they held."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class NotNow(Exception):  # the word of the field
    """This cannot be done now; try the same again later, for as long as it takes."""


class FellTogether(Exception):  # named after the fact
    """A batch failed for which no savepoint was set: nothing of it may be committed; it is handled again, with one."""


TRANSIENT_CLASSES = ("08", "53", "57")  # connection, resources, operator intervention (PostgreSQL appendix A)
TRANSIENT_STATES = {
    "40001",
    "40P01",
    "55P03",
    "25006",
    "25P03",
    "25P04",
    "57014",
}  # serialisation, deadlock, lock wait, read-only, idled or open for too long (a paused process), cancelled


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed later without anybody changing it."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return state in TRANSIENT_STATES or state[:2] in TRANSIENT_CLASSES
    if isinstance(error, asyncpg.InterfaceError):
        if isinstance(error, ValueError):
            return False  # the driver refuses a value, and quotes it: whatever that says
        return "clos" in str(error)  # a connection or pool that is closed or closing; anything else is a wrong call
    return isinstance(error, NotNow | OSError | asyncio.TimeoutError | KafkaError)
