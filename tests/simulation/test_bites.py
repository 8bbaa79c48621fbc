"""PROMISE: the simulation is a guard that bites: it finds each of the faults that are planted in the chassis.

What it finds too rarely to be shown here: offsets read without a lock (what is handled twice is dropped by the version
guard; one schedule in some hundreds shows an offset that goes back). What it cannot find: that a filled gap heals by
itself, since a person retries it too; and that an event passes what is held on its key, since the version guard stops
it.
"""

from collections.abc import Iterator

import pytest

from tests.simulation.planted import PLANTED, planted
from tests.simulation.schedule import drawn, run
from tests.simulation.world import stage

ENOUGH = 1500
RARE = "offsets are read without a lock"


@pytest.fixture(autouse=True)
def _stage() -> Iterator[None]:
    with stage():
        yield


@pytest.mark.parametrize("name", [name for name in PLANTED if name != RARE])
def test_a_planted_fault_is_found(name: str) -> None:
    with planted(name):
        assert any(run(seed, drawn(seed)) for seed in range(ENOUGH))


@pytest.mark.soak
def test_a_fault_that_is_found_rarely_is_found() -> None:
    with planted(RARE):
        assert any(run(seed, drawn(seed)) for seed in range(10 * ENOUGH))
