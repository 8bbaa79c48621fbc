"""PROMISE: under random faults for a long time everything holds; a seed gives the same faults again."""

from itertools import islice
from pathlib import Path

import pytest

from chassis.settings import environment
from tests.faults.field import field_of
from tests.faults.injections import FAULTS
from tests.faults.servers import Servers
from tests.faults.soak import schedule, soak

SEEDS = [int(seed) for seed in environment().get("AKTIVERA_TEST_SOAK_SEEDS", "1 2 3").split()]
SECONDS = 60 * float(environment().get("AKTIVERA_TEST_SOAK_MINUTES", "20"))


def test_a_seed_gives_the_same_faults_again_and_another_seed_others() -> None:
    rounds = 3 * len(FAULTS)
    first = list(islice(schedule(1), rounds))
    assert first == list(islice(schedule(1), rounds))
    assert first != list(islice(schedule(2), rounds))
    assert all(sum(entry.name == name for entry in first) == 3 for name in FAULTS)


@pytest.mark.soak
@pytest.mark.timeout(SECONDS * 2 + 1200)
@pytest.mark.parametrize("seed", SEEDS)
async def test_everything_holds_under_random_faults(seed: int, servers: Servers, tmp_path: Path) -> None:
    async with field_of(servers, tmp_path) as on:
        report = await soak(on, seed, SECONDS)
        written = report.write()
    assert report.wrong == [], f"seed {seed}; see {written}"
    assert report.never == [], f"seed {seed}; see {written}"
