"""An example is sent as one's own: with a fresh id, and from the source that sends it."""

from aktivera.contract_examples import fresh
from services.onboarding.domain.sources import attribute_of


def test_an_example_is_from_the_source_that_sends_it() -> None:
    assert fresh("minimal", source="prov")["source"] == attribute_of("prov")
    assert fresh("minimal")["source"] == "/upstream/demo"
