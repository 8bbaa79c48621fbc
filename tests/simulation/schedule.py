"""A schedule: what happens in a world, drawn from a seed, one step after the other; then its end, and the check."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.checker import faults, unsettled
from tests.simulation.person import Person
from tests.simulation.virtual import Standstill
from tests.simulation.world import World
from tests.simulation.writer import BUG, CONFLICT, FORBIDDEN, GARBAGE, GARBLED, IGNORED, PLAIN, TOO_MANY

KEYS = ("a", "b", "c")
KINDS = (
    *[PLAIN] * 6, *[BUG] * 3, FORBIDDEN, TOO_MANY, IGNORED, *["swap"] * 2, "swap forbidden", "swap bug", *["keep"] * 2,
    *["let go"] * 2, "repeat", GARBAGE, GARBLED, CONFLICT,
)  # fmt: skip
STRIKES = ("kill", "kill", "pause", "pause", "cut", "cut", "stop")
PAUSES = (0.5, 3.0, 4.0, 5.0, 6.0, 7.0, 11.0)
WAITS = (0.0, 0.02, 0.1, 0.3, 0.3, 1.0, 2.5)
END_SECONDS = 150.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens, and how long it is until the next."""

    name: str
    about: tuple[Any, ...]
    wait: float


class History:
    """A world, its person, and what happens to them."""

    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.person = Person(self.world)

    def take(self, step: Step) -> None:
        getattr(self, f"_{step.name}")(*step.about)
        self.world.run(step.wait)

    def _write(self, key: str, kinds: Sequence[str]) -> None:
        for kind in kinds:
            self.world.writer.write(key, kind)

    def _strike(self, at: int, operations: int, how: str, seconds: float) -> None:
        """There is work to do, so that it is struck in the midst of that."""
        self.world.strike(at, operations, how, seconds)
        self._burst(2, 0.0)

    def _burst(self, events: int, apart: float) -> None:
        """Many events on all keys, at once or one after the other."""
        for _ in range(events):
            self.world.writer.write(self.world.chance.choice(KEYS), PLAIN)
            if apart:
                self.world.run(apart)

    def _limp(self, events: int, late: float) -> None:
        """Many events while acknowledgements are late and every third answer takes long."""
        self.world.late_acknowledgements(late, 2.0)
        usual, self.world.chance.rarely = self.world.chance.rarely, 0.3
        self._burst(events, 0.05)
        self.world.chance.rarely = usual

    def _stall(self, events: int, after: float, seconds: Sequence[float]) -> None:
        """Many events, in the midst of which all replicas stand still, each for its own time."""
        self.world.late_acknowledgements(0.7, 10.0)
        self._burst(events, 0.0)
        self.world.run(after)
        self.world.stall(seconds)

    def _rush(self, rounds: int) -> None:
        """Everything held is tried again while more of it comes."""
        self._mend()
        for _ in range(rounds):
            for key in KEYS:
                self.person.retry(key)
                self.world.writer.write(key, PLAIN)
            self.world.run(0.03)

    def _mend(self) -> None:
        from tests.integration.chassis import toy

        toy.FAULTS.discard(BUG)

    def _retry(self, key: str) -> None:
        self.person.retry(key)

    def _discard(self, key: str) -> None:
        self.person.discard(key)

    def _database_away(self, seconds: float) -> None:
        self.world.database_away(seconds)

    def _broker_away(self, seconds: float) -> None:
        self.world.broker_away(seconds)

    def _late(self, seconds: float) -> None:
        self.world.late_acknowledgements(seconds, seconds * 2)

    def _slow(self, times: float) -> None:
        self.world.slow(times)

    def _join(self) -> None:
        if len(self.world.replicas) < 3:
            self.world.start()

    def finish(self) -> list[str]:
        """All faults end; then everything must come to rest, and be as it was promised."""
        world = self.world
        world.heal()
        world.run(world.chance.choice((0.0, 0.0, 2.0, 8.0)))
        self._burst(3, 0.0)  # for whoever owns the partitions by now
        until = world.loop.time() + END_SECONDS
        left = ["nothing was looked at"]
        while left and world.loop.time() < until:
            world.run(0.5)
            self.person.settle()
            left = unsettled(world, self.person)
            if world.wrong:
                break
        return [f"not at rest after {END_SECONDS:.0f} s: {each}" for each in left] + faults(world, self.person)


def drawn(seed: int) -> list[Step]:
    """The steps of a seed. Each draws from a few kinds of events and steps, so that these meet each other often."""
    draw = random.Random(f"steps {seed}")
    kinds = draw.choices(KINDS, k=4)
    makers = draw.choices(MAKERS, k=5)
    return [draw.choice((_write, *makers))(draw, kinds) for _ in range(draw.randint(3, 10))]


def _wait(draw: random.Random) -> float:
    return draw.choice(WAITS)


def _write(draw: random.Random, kinds: Sequence[str]) -> Step:
    return Step("write", (draw.choice(KEYS), tuple(draw.choices(kinds, k=draw.randint(1, 4)))), _wait(draw))


def _burst(draw: random.Random, _: Sequence[str]) -> Step:
    return Step("burst", (draw.randint(3, 16), draw.choice((0.0, 0.03, 0.1))), _wait(draw))


def _limp(draw: random.Random, _: Sequence[str]) -> Step:
    return Step("limp", (draw.randint(8, 24), draw.choice((0.2, 0.5, 1.0))), _wait(draw))


def _stall(draw: random.Random, _: Sequence[str]) -> Step:
    seconds = tuple(draw.choice((3.0, 4.5, 5.0, 5.5, 6.5)) for _ in range(3))
    return Step("stall", (draw.randint(1, 8), draw.choice((0.03, 0.1, 0.2)), seconds), _wait(draw))


def _rush(draw: random.Random, _: Sequence[str]) -> Step:
    return Step("rush", (draw.randint(1, 6),), _wait(draw))


def _strike(draw: random.Random, _: Sequence[str]) -> Step:
    how = draw.choice(STRIKES)
    seconds = draw.choice(PAUSES) if how == "pause" else 0.5
    return Step("strike", (draw.randrange(2), draw.choice((1, 2, 4, 8, 12, 16, 24, 40)), how, seconds), _wait(draw))


def _order(draw: random.Random, _: Sequence[str]) -> Step:
    name = draw.choice(("mend", "retry", "discard"))
    return Step(name, () if name == "mend" else (draw.choice(KEYS),), _wait(draw))


def _server(draw: random.Random, _: Sequence[str]) -> Step:
    name = draw.choice(("database_away", "broker_away", "late", "late", "late", "slow", "join", "join"))
    abouts = {"slow": (draw.choice((5.0, 30.0)),), "join": ()}
    return Step(name, abouts.get(name, (draw.choice((0.5, 2.0, 5.0)),)), _wait(draw))


MAKERS = (_write, _write, _burst, _limp, _stall, _rush, _strike, _strike, _strike, _order, _order, _server)


def run(seed: int, steps: Sequence[Step]) -> list[str]:
    """What went wrong in this history; empty where nothing did."""
    history = History(seed)
    try:
        for step in steps:
            history.take(step)
        return history.finish()
    except Standstill as error:
        return [f"{error}; {unsettled(history.world, history.person)}"]
    finally:
        history.world.end()


def shortest(seed: int, steps: Sequence[Step]) -> list[Step]:
    """Steps left out one after the other, as long as something goes wrong still."""
    kept = list(steps)
    for at in reversed(range(len(kept))):
        fewer = kept[:at] + kept[at + 1 :]
        if run(seed, fewer):
            kept = fewer
    return kept


def told(seed: int, steps: Sequence[Step], wrong: Sequence[str]) -> str:
    """A history that went wrong, with what it takes to see it again."""
    lines = [f"seed {seed}:", *(f"  {step.name}{step.about}, then {step.wait} s" for step in steps)]
    return "\n".join([*lines, *(f"  wrong: {each}" for each in wrong)])
