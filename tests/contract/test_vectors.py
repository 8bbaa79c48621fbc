"""schemas/vectors: what other languages are tested against is what our own code says."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from schemas.errors import ERRORS
from schemas.generate import HERE
from services.onboarding.domain.contract import check
from services.onboarding.domain.identity_numbers import NumberInvalid, organisation_number, personal_number

FILES = {name: json.loads((HERE / "vectors" / f"{name}.json").read_text("utf-8")) for name in
         ("identity_numbers", "requests", "records")}  # fmt: skip
READ = {"organisation": organisation_number, "personal": personal_number}


def judged(value: str, headers: Mapping[str, str], now: str) -> dict[str, Any]:
    sent = [(name, content.encode()) for name, content in headers.items()]
    found = check(value.encode(), sent, datetime.fromisoformat(now))
    return {"code": found.code, "errors": [{"pointer": each.pointer, "code": each.code} for each in found.errors]}


def verdict(vector: Mapping[str, Any]) -> dict[str, Any]:
    return {name: vector[name] for name in ("code", "errors")}


def read(read_as: str, text: str) -> dict[str, Any]:
    try:
        number = READ[read_as](text, date.fromisoformat(FILES["identity_numbers"]["today"]))
    except NumberInvalid as refused:
        return {"code": refused.code}
    return {"canonical": number.canonical, "kind": number.kind, "shown": number.masked}


@pytest.mark.parametrize("vector", FILES["identity_numbers"]["vectors"], ids=lambda v: f"{v['read_as']}: {v['text']}")
def test_a_number_is_read_as_its_vector_says(vector: dict[str, Any]) -> None:
    given = {name: vector[name] for name in ("read_as", "text")}
    assert vector == {**given, **read(vector["read_as"], vector["text"])}


@pytest.mark.parametrize("vector", FILES["requests"]["vectors"], ids=lambda v: v["name"])
def test_a_request_is_judged_as_its_vector_says(vector: dict[str, Any]) -> None:
    assert judged(json.dumps(vector["event"]), {}, FILES["requests"]["now"]) == verdict(vector)


@pytest.mark.parametrize("vector", FILES["records"]["vectors"], ids=lambda v: v["name"])
def test_a_record_is_judged_as_its_vector_says(vector: dict[str, Any]) -> None:
    assert judged(vector["value"], vector["headers"], FILES["records"]["now"]) == verdict(vector)


def test_the_vectors_show_what_is_right_and_many_ways_to_be_wrong() -> None:
    for name, least in (("identity_numbers", 6), ("requests", 20), ("records", 5)):
        codes = [each.get("code") for each in FILES[name]["vectors"]]
        assert None in codes
        assert len(set(codes) - {None}) >= least, name
        assert set(codes) - {None} <= set(ERRORS)
