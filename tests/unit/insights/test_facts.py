"""What of an event is timed: what two good clocks may say, and nothing that only a wrong one tells of."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.activation import ActivationListedV1
from schemas.envelope import Envelope
from services.insights.domain.facts import LONGEST, SHORTEST, Fact, Wait, fact_of
from tests.integration.insights.history import example

LISTED = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fact_after(wait: timedelta) -> Fact | None:
    """Of a client that by its own times came into the list so long after its creation."""
    event = Envelope[ActivationListedV1].model_validate(example("activation.listed"))
    data = event.data.model_copy(update={"created_at": LISTED - wait, "listed_at": LISTED, "agency": "byra-ett"})
    return fact_of(event.model_copy(update={"data": data}))


@pytest.mark.parametrize(("wait", "seconds"), [(2 * SECOND, 2.0), (LONGEST, LONGEST / SECOND), (SHORTEST, 0.0)])
def test_a_wait_that_two_clocks_may_tell_of_is_timed(wait: timedelta, seconds: float) -> None:
    assert fact_after(wait) == Fact("listed", "byra-ett", Wait("listed", seconds))


@pytest.mark.parametrize("wait", [LONGEST + SECOND, SHORTEST - SECOND, timedelta(days=365 * 2000)])
def test_a_client_whose_times_a_wrong_clock_gave_is_counted_and_not_timed(wait: timedelta) -> None:
    assert fact_after(wait) == Fact("listed", "byra-ett")
