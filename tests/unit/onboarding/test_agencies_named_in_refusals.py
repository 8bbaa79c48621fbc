"""Which agency a refusal to a source names: what a source merely writes says nothing of anybody."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.onboarding import OnboardingCancellationRequestedV1
from services.onboarding.domain.intake import decide_cancellation, decide_onboarding
from tests.unit.onboarding.contents import NOW
from tests.unit.onboarding.test_intake_decisions import (
    LATER,
    SENDER,
    STATE,
    WITH_TARGET,
    event,
    rejection,
    requested,
)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({}, "byra-ett"),
        ({"sender": replace(SENDER, agencies=frozenset({"byra-ett"}))}, "byra-ett"),
        ({"sender": replace(SENDER, agencies=frozenset({"byra-tva"}))}, None),
        ({"agency_known": False}, None),
    ],
)
def test_a_refusal_names_an_agency_only_where_its_source_may_send_to_it(
    change: dict[str, Any], named: str | None
) -> None:
    """Would break: refusals counted at an agency that has nothing to do with the source."""
    state = replace(STATE, **change)
    for asked in (requested(details__name=...), event(requested().data, source="/upstream/other")):
        refused = decide_onboarding(state, asked, NOW)
        again = decide_onboarding(refused.state, asked, LATER)
        assert (rejection(refused).agency, rejection(again).agency) == (named, named)


def test_a_refused_question_about_a_client_names_no_agency_that_its_sender_writes() -> None:
    data = OnboardingCancellationRequestedV1.model_validate({"external_ref": "ref-1", "agency": "byra-tva"})
    assert rejection(decide_cancellation(WITH_TARGET, event(data), NOW)).agency is None
