"""schemas/asyncapi.yaml keeps to the official schema of AsyncAPI 3.0, which lies beside this file as published."""

import copy
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml

from schemas.generate import HERE

OFFICIAL = Path(__file__).with_name("asyncapi_3") / "3.0.0.json"
AS_PUBLISHED = "1786a007ac00344a8f529e5a6fc5db786b0be6757e0b94a8b95a8a6a52b7fe9a"
DOCUMENT: dict[str, Any] = yaml.safe_load((HERE / "asyncapi.yaml").read_text(encoding="utf-8"))

VALIDATOR = jsonschema_rs.validator_for(orjson.loads(OFFICIAL.read_bytes()))


def test_the_official_schema_is_as_it_was_published() -> None:
    assert sha256(OFFICIAL.read_bytes()).hexdigest() == AS_PUBLISHED


def test_our_document_keeps_to_the_official_schema() -> None:
    assert DOCUMENT["asyncapi"] == OFFICIAL.stem
    assert [str(each) for each in VALIDATOR.iter_errors(DOCUMENT)] == []


def _channel(document: dict[str, Any]) -> dict[str, Any]:
    channel: dict[str, Any] = document["channels"]["onboarding-requests"]
    return channel


def _message(document: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = document["components"]["messages"]["onboarding.requested.v1"]
    return message


@pytest.mark.parametrize(
    "plant",
    [
        lambda document: document.pop("info"),
        lambda document: document.update(asyncapi="2.6.0"),
        lambda document: document.update(colour="red"),
        lambda document: _channel(document).update(address=7),
        lambda document: _channel(document)["bindings"]["kafka"].update(partitions="twelve"),
        lambda document: document["operations"]["source.send.onboarding-requests"].update(action="publish"),
        lambda document: _message(document).update(correlationId={"location": "payload.correlationid"}),
        lambda document: _message(document)["bindings"]["kafka"].update(key="external_ref"),
    ],
)
def test_a_planted_fault_is_found(plant: Callable[[dict[str, Any]], object]) -> None:
    document = copy.deepcopy(DOCUMENT)
    plant(document)
    assert not VALIDATOR.is_valid(document)
