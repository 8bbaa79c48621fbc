"""The toy as a process: `python -m tests.faults.toy_service [--clock SECONDS] [--broken] [--limit SECONDS]`, with one
command.

The group's session is the shortest that the broker allows; `--limit` is after how long a loop counts as stuck;
`--broken` is a bad deploy, that fails at some events; `--clock` is by how much its clock is wrong.
"""

if __name__ == "__main__":  # as the services do
    from chassis.early_end import end_at_once_when_told

    end_at_once_when_told()

import argparse
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Header

from chassis import clock, consumer, kafka, lifecycle, relay
from chassis.callers import Store, Why
from chassis.commands import Answer, answer
from chassis.handling import Handler
from chassis.idempotency import IdempotencyKey
from schemas.envelope import Decision, Say
from tests.integration.chassis import toy

SESSION_MS = 6000
BROKEN = "broken"

router = APIRouter()


@dataclass(frozen=True)
class Add:
    """The toy's one command."""

    tally: str


def add(state: toy.Tally | None, command: Add, _now: datetime) -> Decision[toy.Tally]:
    after = toy.Tally((state.total if state else 0) + 1, (state.version if state else 0) + 1)
    return Decision(after, (Say(toy.TotalV1(tally=command.tally, total=after.total), after.version),))


COMMANDS: Handler[Any, Any] = Handler(load=toy.load, save=toy.save, decide={Add: add})
SERVICE = replace(toy.SERVICE, routers=(router,))


@router.post("/v1/tallies/{tally}")
async def post(tally: str, store: Store, why: Why, idempotency_key: Annotated[str, Header()]) -> dict[str, Any]:
    key = IdempotencyKey.of("tests", idempotency_key, tally.encode())
    given = await answer(
        store, COMMANDS, tally, Add(tally), why, lambda change: Answer(200, {"total": change.after.total}), key
    )
    return given.body


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clock", type=float, default=0.0)
    parser.add_argument("--broken", action="store_true")
    parser.add_argument("--limit", type=float)
    asked = parser.parse_args()
    kafka.SESSION_MS = SESSION_MS
    if asked.broken:
        toy.FAULTS.add(BROKEN)
    if asked.limit:
        consumer.LIMIT_SECONDS = relay.LIMIT_SECONDS = asked.limit
        lifecycle.WATCHDOG_SECONDS = 1.0
    if asked.clock:
        true = clock.system_clock
        clock.system_clock = lambda: true() + timedelta(seconds=asked.clock)
    lifecycle.main(SERVICE)


if __name__ == "__main__":
    main()
