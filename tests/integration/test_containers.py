"""The second infrastructure: some of the integration tests, on Kafka and Postgres in containers."""

import subprocess
import sys
import time

import pytest

from chassis.settings import environment
from tests.containers import KAFKA, POSTGRES, progress, require_engine
from tests.infrastructure import ROOT

SUBSET = (
    "tests/integration/chassis/test_relay.py",
    "tests/integration/chassis/test_offsets.py::test_reading_goes_on_where_it_ended_whatever_kafka_remembers",
)


def _docker(*arguments: str) -> list[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.split()


def _started(image: str, since: int) -> set[str]:
    """Ids of the containers of an image that were started since then."""
    told = ["--since", str(since), "--until", str(int(time.time()) + 1), "--format", "{{.ID}}"]
    return set(_docker("events", *told, "--filter", "event=start", "--filter", f"image={image}"))


@pytest.mark.timeout(1800)
def test_integration_tests_pass_on_containers_and_leave_none(request: pytest.FixtureRequest) -> None:
    require_engine(progress(request.config))
    since = int(time.time())
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *SUBSET],
        cwd=ROOT,
        env={**environment(), "AKTIVERA_TEST_INFRA": "containers"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "skipped" not in ran.stdout, ran.stdout
    kafka, postgres = _started(KAFKA, since), _started(POSTGRES, since)
    assert kafka, "no Kafka ran in a container"
    assert postgres, "no Postgres ran in a container"
    assert not (kafka | postgres) & set(_docker("ps", "--all", "--quiet", "--no-trunc"))
