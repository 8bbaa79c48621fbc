"""The gate: nothing that is released may change so that a sender is refused or a reader does not understand."""

import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from schemas import generate, released
from schemas.catalogue import CATALOGUE
from schemas.client import ClientCreatedV1
from schemas.compatibility import breaking
from schemas.envelope import EventType
from schemas.json_schema import json_schema

ROWS = {row.name: row for row in CATALOGUE}
REQUESTED = json_schema(ROWS["onboarding.requested"])
CREATED = json_schema(ROWS["client.created"])
REJECTED = json_schema(ROWS["onboarding.rejected"])

Schema = dict[str, Any]


def test_nothing_that_is_released_is_broken() -> None:
    assert released.broken(CATALOGUE) == []


def test_every_release_is_of_a_type_that_is_known() -> None:
    assert len(list(released.FOLDER.glob("*.json"))) >= 53


def changed(schema: Schema, change: Callable[[Schema], object]) -> Schema:
    other = copy.deepcopy(schema)
    change(other)
    return other


def data_of(schema: Schema, model: str) -> Schema:
    found: Schema = schema["$defs"][model]
    return found


def fields(schema: Schema, model: str) -> Schema:
    found: Schema = data_of(schema, model)["properties"]
    return found


HEARD: list[tuple[Callable[[Schema], object], str]] = [
    (lambda s: fields(s, "OnboardingRequestedV1").pop("locale"), "/data/locale is gone"),
    (lambda s: fields(s, "Address").pop("city"), "/data/details/address/city is gone"),
    (lambda s: s["required"].append("time"), "/time: may be missing"),
    (lambda s: data_of(s, "OnboardingRequestedV1")["required"].append("locale"), "/data/locale: may be missing"),
    (lambda s: data_of(s, "Address")["required"].append("country"), "/data/details/address/country: may be missing"),
    (lambda s: fields(s, "AccessStep")["invoice_interval"]["enum"].remove("year"), "the value 'year'"),
    (lambda s: fields(s, "AccessStep").update(program_access={"type": "string"}), "the type boolean"),
    (lambda s: fields(s, "DetailsStep")["name"].update(maxLength=100), "maxLength 200 and not 100"),
    (lambda s: fields(s, "DetailsStep")["name"].update(minLength=2), "minLength 1 and not 2"),
    (lambda s: fields(s, "OnboardingRequestedV1")["agency"].update(pattern="^b"), "pattern"),
    (lambda s: fields(s, "OnboardingRequestedV1")["administrators"]["anyOf"].pop(), "the type null"),
    (lambda s: fields(s, "DetailsStep")["identity"]["oneOf"].pop(), "/data/details/identity"),
    (lambda s: data_of(s, "AccessStep")["then"].update(required=["invoice_interval"]), "a condition (then)"),
    (lambda s: data_of(s, "OnboardingRequestedV1").update(additionalProperties=False), "fields of any name"),
    (lambda s: s["properties"].update(type={"const": "se.aktivera.client.ordered.v1"}), "/type: the value"),
]
SAID: list[tuple[Callable[[Schema], object], str]] = [
    (lambda s: fields(s, "ClientCreatedV1").pop("source"), "/data/source is gone"),
    (lambda s: fields(s, "Person").pop("name"), "/data/created_by/name is gone"),
    (lambda s: data_of(s, "ClientCreatedV1")["required"].remove("name"), "/data/name: may be missing"),
    (lambda s: fields(s, "ClientCreatedV1")["origin"]["enum"].append("fax"), "the value 'fax'"),
    (lambda s: fields(s, "ClientCreatedV1").update(test={"type": "integer"}), "the type integer"),
    (lambda s: fields(s, "ClientCreatedV1").update(name={}), "/data/name: the type anything"),
    (lambda s: fields(s, "ClientCreatedV1")["name"].update(maxLength=300), "maxLength 300 and not 200"),
    (lambda s: fields(s, "ClientCreatedV1")["name"].pop("maxLength"), "maxLength none and not 200"),
    (lambda s: fields(s, "ClientCreatedV1")["created_at"].pop("format"), "format"),
    (lambda s: s["properties"].update(sequence={"type": ["string", "null"]}), "/sequence"),
    (lambda s: fields(s, "ClientCreatedV1")["counts"].pop("additionalProperties"), "fields of any name"),
]


@pytest.mark.parametrize(("plant", "sentence"), HEARD)
def test_a_planted_change_that_would_refuse_what_a_sender_writes_is_found(
    plant: Callable[[Schema], object], sentence: str
) -> None:
    found = breaking(REQUESTED, changed(REQUESTED, plant), heard=True, said=False)
    assert any(sentence in each for each in found), found


@pytest.mark.parametrize(("plant", "sentence"), SAID)
def test_a_planted_change_that_readers_would_not_understand_is_found(
    plant: Callable[[Schema], object], sentence: str
) -> None:
    found = breaking(CREATED, changed(CREATED, plant), heard=False, said=True)
    assert any(sentence in each for each in found), found


@pytest.mark.parametrize(
    "plant",
    [
        lambda s: fields(s, "OnboardingRequestedV1").update(colour={"type": "string"}),
        lambda s: s["required"].remove("source"),
        lambda s: fields(s, "AccessStep")["invoice_interval"]["enum"].append("week"),
        lambda s: fields(s, "DetailsStep")["name"].update(maxLength=400),
        lambda s: fields(s, "DetailsStep")["name"].pop("minLength"),
        lambda s: fields(s, "OnboardingRequestedV1")["locale"]["anyOf"].append({"type": "integer"}),
    ],
)
def test_to_take_more_than_before_breaks_no_sender(plant: Callable[[Schema], object]) -> None:
    assert breaking(REQUESTED, changed(REQUESTED, plant), heard=True, said=False) == []


@pytest.mark.parametrize(
    "plant",
    [
        lambda s: fields(s, "OnboardingRejectedV1").update(colour={"type": "string"}),
        lambda s: data_of(s, "OnboardingRejectedV1")["required"].append("agency"),
        lambda s: fields(s, "OnboardingRejectedV1")["title"].update(maxLength=20),
        lambda s: fields(s, "OnboardingRejectedV1")["retryable"].update(const=False),
        lambda s: s["properties"].update(colour={"type": "string"}),
    ],
)
def test_to_say_more_or_more_narrowly_breaks_no_reader(plant: Callable[[Schema], object]) -> None:
    assert breaking(REJECTED, changed(REJECTED, plant), heard=False, said=True) == []


def test_our_own_topics_are_kept_in_both_directions() -> None:
    narrower = changed(CREATED, lambda s: fields(s, "ClientCreatedV1")["name"].update(maxLength=20))
    assert breaking(CREATED, narrower, heard=True, said=True) != []
    assert breaking(CREATED, narrower, heard=False, said=True) == []


class _Without(ClientCreatedV1):
    """A client is there, in other words than before."""

    name: int  # type: ignore[assignment]  # a planted slip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"model": _Without}, "client.created.v1: /data/name"),
        ({"topic": "agency-events"}, "client.created.v1: its topic is another"),
        ({"key": "agency"}, "client.created.v1: its key is another"),
        ({"version": 2}, "client.created.v1: the type is gone"),
    ],
)
def test_a_planted_row_breaks_its_release_and_is_not_released(
    change: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    rows: list[EventType] = [replace(row, **change) if row.name == "client.created" else row for row in CATALOGUE]
    folder = tmp_path / "released"
    shutil.copytree(released.FOLDER, folder)
    before = (folder / "client.created.v1.json").read_bytes()
    assert any(each.startswith(sentence) for each in released.release(rows, folder))
    assert (folder / "client.created.v1.json").read_bytes() == before


def test_a_direction_is_that_of_the_topic(tmp_path: Path) -> None:
    """A narrower answer hurts nobody, a narrower request does."""
    rows = [ROWS["onboarding.rejected"], ROWS["onboarding.requested"]]
    assert released.release(rows, tmp_path) == []
    for name, inner in (("onboarding.rejected", "code"), ("onboarding.requested", "agency")):
        path = tmp_path / f"{name}.v1.json"
        wider = json.loads(path.read_text("utf-8"))
        model = ROWS[name].model.__name__
        wider["schema"]["$defs"][model]["properties"][inner].pop("pattern")
        path.write_text(json.dumps(wider), "utf-8")
    found = released.broken(rows, tmp_path)
    assert [each.split(":")[0] for each in found] == ["onboarding.requested.v1"]


def test_the_command_releases_and_says_what_it_would_break(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    monkeypatch.setattr(generate, "RELEASED", tmp_path / "released")
    assert generate.main(["--release"]) == 0
    assert len(list((tmp_path / "released").iterdir())) == len(list(CATALOGUE))
    path = tmp_path / "released" / "client.erased.v1.json"
    path.write_text(path.read_text("utf-8").replace('"key": "client_id"', '"key": "agency"'), "utf-8")
    assert generate.main(["--release"]) == 1
    assert "client.erased.v1: its key is another; make it a new version" in capsys.readouterr().err
