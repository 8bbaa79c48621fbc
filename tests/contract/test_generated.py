"""The generated files: fresh, complete, and AsyncAPI's references lead somewhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from schemas import generate
from schemas.catalogue import CATALOGUE, TOPICS
from schemas.json_schema import json_schema, title_of

DOCUMENT: dict[str, Any] = yaml.safe_load((generate.HERE / "asyncapi.yaml").read_text(encoding="utf-8"))


def test_the_committed_files_are_what_the_models_say() -> None:
    assert generate.stale() == []
    assert generate.main(["--check"]) == 0


def test_a_stale_missing_or_left_over_file_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "HERE", tmp_path)
    generate.write()
    assert generate.stale() == []
    (tmp_path / "asyncapi.yaml").write_text("old", encoding="utf-8")
    (tmp_path / "json" / "client.created.v1.schema.json").unlink()
    (tmp_path / "json" / "client.polished.v1.schema.json").touch()
    (tmp_path / "codes.md").unlink()
    assert generate.stale() == [
        "client.created.v1.schema.json is not what the models say",
        "asyncapi.yaml is not what the models say",
        "codes.md is not what the models say",
        "client.polished.v1.schema.json belongs to no event type",
    ]
    assert generate.main(["--check"]) == 1
    assert "run python -m schemas.generate" in capsys.readouterr().err


def test_every_schema_is_itself_valid() -> None:
    for row in CATALOGUE:
        jsonschema_rs.meta.validate(json_schema(row))


def test_every_type_is_a_message_of_its_topic() -> None:
    for row in CATALOGUE:
        assert title_of(row) in DOCUMENT["channels"][row.topic]["messages"]
        message = DOCUMENT["components"]["messages"][title_of(row)]
        assert message["headers"]["properties"]["ce_type"]["const"] == row.wire_type
        assert message["examples"][0]["headers"]["ce_type"] == row.wire_type
        assert set(message["headers"]["required"]) == {"ce_type", "ce_id"}


def test_every_writer_sends_and_every_reader_receives() -> None:
    for topic in TOPICS.values():
        operations = DOCUMENT["operations"]
        assert operations[f"{topic.writer}.send.{topic.name}"]["action"] == "send"
        for reader in topic.readers:
            assert operations[f"{reader}.receive.{topic.name}"]["action"] == "receive"


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(DOCUMENT))
    assert len(references) > len(list(CATALOGUE))
    for reference in references:
        if reference.startswith("./"):
            assert (generate.HERE / reference).is_file()
        else:
            place: Any = DOCUMENT
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "$ref":
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
