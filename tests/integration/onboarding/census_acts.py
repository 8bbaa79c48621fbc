"""The census of refusals that are no matter of a content's form: each act provokes one code through one channel."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.integration.onboarding.census import Channel, Told, fresh
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import cloud_event

Provoke = Callable[[Running], Awaitable[Told]]


@dataclass(frozen=True)
class Act:
    """`pointer` is where the code stands in `errors`; None: it is of the whole. `last`: nothing works afterwards."""

    code: str
    channel: Channel
    provoke: Provoke
    pointer: str | None = None
    last: bool = False

    def problems(self, told: Told) -> list[str]:
        places = frozenset() if self.pointer is None else frozenset({(self.pointer, self.code)})
        return [] if told == Told(self.code, places) else [f"{self.code} at {self.pointer}: told {told}"]


ACTS: list[Act] = []


def act(code: str, channel: Channel, pointer: str | None = None, *, last: bool = False) -> Callable[[Provoke], Provoke]:
    """Registers what provokes a code through a channel."""

    def register(provoke: Provoke) -> Provoke:
        ACTS.append(Act(code, channel, provoke, pointer, last))
        return provoke

    return register


def request(sent: Any, **attributes: Any) -> dict[str, Any]:
    """A request under an id of its own."""
    return cloud_event(f"act-{fresh()}", data={"agency": "byra-ett", **sent}, **attributes)
