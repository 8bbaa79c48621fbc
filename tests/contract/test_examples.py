"""The examples: valid ones pass the model and the JSON Schema and lose nothing, invalid ones fail both."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.catalogue import CATALOGUE
from schemas.envelope import EventType
from schemas.errors import ERRORS
from schemas.programs import PROGRAMS
from tests.contract.catalogue_checks import PERSONAL_NUMBER, example_files, example_problems

ROWS = {row.name: row for row in CATALOGUE}
EXAMPLES = [pytest.param(row, path, id=f"{row.name}/{path.stem}") for row in CATALOGUE for path in example_files(row)]
VALID = [each for each in EXAMPLES if "/invalid-" not in str(each.id)]


@pytest.mark.parametrize(("row", "path"), EXAMPLES)
def test_model_and_schema_agree_with_the_name_of_the_example(row: EventType, path: Path) -> None:
    assert example_problems(row, path.stem, path.read_bytes()) == []


@pytest.mark.parametrize(("row", "path"), VALID)
def test_an_example_stands_under_its_own_type_and_key(row: EventType, path: Path) -> None:
    event = json.loads(path.read_bytes())
    assert event["type"] == row.wire_type
    assert ("sequence" in event) is row.versioned
    if row.producer != "source":
        assert event["source"] == f"/aktivera/{row.producer}"
        assert event["subject"] == event["data"].get(row.key, "unknown")


@pytest.mark.parametrize(("row", "path"), VALID)
def test_an_example_names_only_programs_parts_and_codes_that_exist(row: EventType, path: Path) -> None:
    for each in _objects(json.loads(path.read_bytes())):
        assert set(each.get("counts", ())) <= set(PROGRAMS.programs)
        assert each.get("code", "required") in ERRORS
        if "part" in each:
            part = PROGRAMS.part(each["program"], each["part"])
            assert part is not None
            assert {each.get("level", each.get("after"))} <= set(part.levels)
        elif "program" in each:
            assert each["program"] in PROGRAMS.programs


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_the_full_example_says_more_than_the_minimal_one(row: EventType) -> None:
    minimal, full = (json.loads(_file(row, name).read_bytes()) for name in ("minimal", "full"))
    assert set(minimal["data"]) <= set(full["data"])
    assert set(minimal) < set(full)
    optional = {name for name, field in row.model.model_fields.items() if not field.is_required()}
    assert optional.isdisjoint(minimal["data"]) or row.producer == "source"


def test_the_demo_requests_come_from_the_demo_for_the_demo_agency() -> None:
    for name in ("minimal", "full"):
        event = json.loads(_file(ROWS["onboarding.requested"], name).read_bytes())
        assert (event["source"], event["data"]["agency"]) == ("/upstream/demo", "byra-ett")


@pytest.mark.parametrize("number", ["811218-9876", "198112189876", "8112189876", "121212+1212", "701063-2391"])
def test_a_planted_personal_number_is_reported(number: str) -> None:
    raw = _file(ROWS["client.created"], "minimal").read_bytes().replace(b"Exempelbolaget AB", number.encode())
    assert example_problems(ROWS["client.created"], "minimal", raw) == [
        "client.created/minimal: holds what looks like a personal number"
    ]


@pytest.mark.parametrize("number", ["556036-0793", "212000-0142", "802000-1239"])
def test_an_organisation_number_is_no_personal_number(number: str) -> None:
    assert PERSONAL_NUMBER.search(number) is None


def test_a_planted_unknown_field_is_reported_as_lost() -> None:
    raw = _file(ROWS["client.erased"], "minimal").read_bytes().replace(b'"agency"', b'"colour": "red", "agency"')
    assert "client.erased/minimal: something is lost or added" in example_problems(
        ROWS["client.erased"], "minimal", raw
    )


def test_a_planted_invalid_example_that_is_valid_is_reported() -> None:
    raw = _file(ROWS["client.erased"], "minimal").read_bytes()
    assert example_problems(ROWS["client.erased"], "invalid-planted", raw) == [
        "client.erased/invalid-planted: the model accepts it",
        "client.erased/invalid-planted: the JSON Schema accepts it",
    ]


def _file(row: EventType, name: str) -> Path:
    return next(path for path in example_files(row) if path.stem == name)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)
