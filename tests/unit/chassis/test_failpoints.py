"""Failpoints: armed in tests alone, fired at the place and passage that was named."""

import pytest

from chassis.failpoints import FailpointReached, arm, reached
from chassis.settings import CommonSettings


async def test_a_failpoint_fires_at_its_place_and_passage_only() -> None:
    arm(CommonSettings(environment="test", failpoint="here:raise@2"))
    try:
        await reached("elsewhere")
        await reached("here")
        with pytest.raises(FailpointReached):
            await reached("here")
        await reached("here")
    finally:
        arm(CommonSettings(environment="test"))


@pytest.mark.parametrize("where", ["production", "local"])
def test_a_failpoint_is_refused_outside_tests(where: str) -> None:
    with pytest.raises(ValueError, match="refused"):
        arm(CommonSettings(environment=where, failpoint="here:kill"))


def test_a_failpoint_that_means_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="kill"):
        arm(CommonSettings(environment="test", failpoint="here:explode"))
