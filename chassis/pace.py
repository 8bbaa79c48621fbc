"""How a consumer asks the broker: for each record where they come seldom, for several where they follow one another."""

from collections.abc import Callable

SELDOM_BYTES, SELDOM_SECONDS = 1, 0.5
MANY_BYTES = 1024 * 1024

Ask = Callable[[int, float], None]
"""The next fetches wait at the broker until there are so many bytes, or for so many seconds."""


class Pace:
    """Of one consumer, by what its polls brought.

    A fetch costs broker and client as much for one record as for many, since it names every partition of ours; and a
    batch asks Postgres as often. Where all wait for the processor, ever smaller batches would keep it busy with asking:
    so while records follow one another the broker gathers them. What comes after a pause, of about three gatherings, is
    handed out at once.
    """

    def __init__(self, ask: Ask, gathering: float) -> None:
        """`gathering`: for how many seconds records gather at most; 0: never."""
        self._ask = ask
        self._gathering = gathering
        self._gathers = False
        self._handled_at = float("-inf")

    @property
    def patience(self) -> float:
        """For how many seconds a poll waits."""
        return 2 * self._gathering if self._gathers else SELDOM_SECONDS

    def polled(self, records: int, now: float, *, full: bool) -> None:
        """A poll brought so many; `full`: as many as one batch takes. Called before the next fetch goes out."""
        close = self._gathers or now - self._handled_at < self._gathering / 2
        self._gathers = close and not full and records >= (2 if self._gathers else 1)
        if self._gathers:
            self._ask(MANY_BYTES, self._gathering)
        else:
            self._ask(SELDOM_BYTES, SELDOM_SECONDS)

    def handled(self, now: float) -> None:
        """What a poll brought is done."""
        self._handled_at = now
