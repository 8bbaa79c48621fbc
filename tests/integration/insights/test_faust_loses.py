"""What Faust does not promise: why no business fact goes through it. Each test is expected to fail; one that passes
tells that Faust has changed, and that the decision may be looked at again (docs/adr/0015).
"""

import asyncio

import pytest

from tests.integration.insights.faust_agents import FAILS
from tests.integration.insights.faust_commits import Committed


@pytest.fixture(scope="module")
async def committed(committing: "asyncio.Task[Committed]") -> Committed:
    return await committing


def lost(why: str) -> pytest.MarkDecorator:
    """Expected to fail, and by its assertion; where it does not, the run fails."""
    return pytest.mark.xfail(strict=True, raises=AssertionError, reason=why)


@lost("the acknowledgement is in a finally around the yield: an exception acknowledges")
def test_an_event_whose_agent_raises_comes_again(committed: Committed) -> None:
    assert committed["plain"] <= FAILS


@lost("the acknowledgement is given before the process crashes, and committed as it ends")
def test_an_event_whose_agent_crashes_the_process_comes_again(committed: Committed) -> None:
    assert committed["crashing"] <= FAILS


@lost("later acknowledgements commit past one that was never given (#606, #707)")
def test_an_event_that_was_not_acknowledged_comes_again(committed: Committed) -> None:
    assert committed["noack"] <= FAILS


@lost("a batch is acknowledged as a whole, whatever became of it")
def test_a_batch_whose_agent_raises_comes_again(committed: Committed) -> None:
    assert committed["take"] <= FAILS


@lost("with two at once a later event commits past one that is still under way (#606)")
def test_an_event_under_way_beside_others_comes_again_after_a_kill(committed: Committed) -> None:
    assert committed["concurrent"] <= 0
