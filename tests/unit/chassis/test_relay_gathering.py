"""PROMISE: what is said one after the other gathers for a moment; then the relay looks, whoever said it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chassis import relay
from chassis.lease import LEASE, Lease, now
from chassis.relay import REMOVE, Relay

GATHERING = 0.02


class Outbox:
    """A database that has nothing but an outbox."""

    def __init__(self) -> None:
        self.on_published: list[Any] = []
        self.rows: list[dict[str, Any]] = []
        self.looks = 0

    async def fetch(self, _query: str, most: int, *_: Any) -> list[dict[str, Any]]:
        self.looks += 1
        return self.rows[:most]

    async def execute(self, query: str, ids: list[int], *_: Any) -> str:
        assert query == REMOVE
        self.rows = [row for row in self.rows if row["id"] not in ids]
        return f"DELETE {len(ids)}"


class Quick:
    """Producers at a broker that acknowledges at once."""

    narrow = True

    def __init__(self, *_: Any) -> None:
        pass

    async def send(self, rows: list[Any], acks: list[Any], *, alone: bool) -> None:
        assert alone
        for number in range(len(rows)):
            acks[number] = asyncio.get_running_loop().create_future()
            acks[number].set_result(None)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    monkeypatch.setattr(relay, "Lanes", Quick)
    return Outbox()


def _relay(outbox: Outbox) -> tuple[Relay, Lease]:
    settings = SimpleNamespace(relay_gathering_seconds=GATHERING)
    context: Any = SimpleNamespace(database=outbox, settings=settings, kafka=None, common=None)
    return Relay(context), Lease(1, now() + LEASE.total_seconds())


async def test_what_another_process_says_meanwhile_goes_once_it_has_gathered(outbox: Outbox) -> None:
    """Red where the relay then waits for a commit of its own process, or for the next poll."""
    sender, lease = _relay(outbox)
    outbox.rows = [{"id": 1}]
    assert await sender._turn(lease) == (lease, 0.0)
    outbox.rows.append({"id": 2})  # nothing here is woken by it
    _, idle = await sender._turn(lease)
    assert outbox.looks == 1
    assert 0 < idle <= GATHERING
    await sender._rest(asyncio.Event(), idle, wakes=True)
    await sender._turn(lease)
    await sender._end_of_removal()
    assert (outbox.looks, outbox.rows) == (2, [])


async def test_what_rounding_leaves_of_the_gathering_is_not_waited_for(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Red where the relay turns without reading until uvloop's clock, of whole milliseconds, goes on."""
    sender, lease = _relay(outbox)
    moment = now()
    monkeypatch.setattr(relay, "now", lambda: moment)
    sender._gathers_until = moment + 1e-9
    await sender._turn(lease)
    assert outbox.looks == 1
