"""A record that cannot be read leaves with its batch: nothing keeps it until a collection."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from chassis.fold import read
from chassis.handling import Record, Subscription
from schemas.catalogue import CATALOGUE
from services.onboarding import intake
from services.onboarding.__main__ import SERVICE as ONBOARDING
from tests.integration.in_process import Heard

OURS = next(each for each in ONBOARDING.subscriptions if each.ours)


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("subscription", "value"),
    [
        (intake.subscription(), b"{"),
        (intake.subscription(), b"\xff"),
        (intake.subscription(), b'{"specversion": "1.0", "type": 7}'),
        (intake.subscription(), b'{"specversion": "1.0", "type": "se.aktivera.onboarding.requested.v1", "data": 1}'),
        (OURS, b"{"),
        (OURS, b'{"type": "se.aktivera.client.created.v1"}'),
    ],
)
def test_what_cannot_be_read_is_gone_with_its_item(
    subscription: Subscription, value: bytes, no_collection: None
) -> None:
    """Broken by a failure that keeps its traceback: its frames hold the item, which holds the failure."""
    record: Record = Heard(subscription.topic, value)
    gone = weakref.ref(record)
    item = read(record, subscription, CATALOGUE)
    assert item.failure is not None
    del item, record
    assert gone() is None
