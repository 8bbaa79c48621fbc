"""What tests ask after, whether a personal number is told, is found where it is, and nowhere else."""

import pytest

from tests.told_numbers import tells_number


@pytest.mark.parametrize(
    "text",
    [
        "811218-9876",
        "198112189876",
        "1981-12-18 9876",
        "'81.12.18/9876'",
        "x8112189876x",
        "******-9876",
        "••••••9876",
        '{"last": "9876"}',
        "number 9876.",
        "9876",
    ],
)
def test_a_number_that_is_told_is_found(text: str) -> None:
    assert tells_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "datetime.datetime(2026, 11, 28, 15, 38, 52, 987671, tzinfo=datetime.timezone.utc)",
        "2026-11-28T15:38:52.198761Z",
        "01a22296-9876-79dc-810f-27c70e743c03",
        "01a22296-3f48-79dc-9876-27c70e743c03",
        "98761296-3f48-79dc-810f-27c70e749876",
        "811218-••••",
        "811218-9875",
        "",
    ],
)
def test_no_number_is_found_in_ids_moments_and_masks(text: str) -> None:
    assert not tells_number(text)


def test_any_number_is_found() -> None:
    assert tells_number("1212721219", "121272-1219")
    assert not tells_number("8112189876", "121272-1219")
