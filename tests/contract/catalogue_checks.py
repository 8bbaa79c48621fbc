"""What must hold for every row of the catalogue and every example, as functions that return what is wrong."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
from pydantic import BaseModel, ValidationError

from schemas.envelope import EventData, EventType
from schemas.generate import EXAMPLES, example_folder
from schemas.json_schema import envelope_of, json_schema
from schemas.onboarding import RequestData
from schemas.topics import Topic

PERSONAL_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{2})?[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]|6[1-9]|[78][0-9]|9[01])"
    r"[-+–  ]?[0-9]{4}(?![0-9A-Za-z])"
)
"""Anything shaped like a personal or co-ordination number, with a right check digit or not."""

NOT_IN_OUR_TOPICS = """
    address street postal_code city country number number_jwe personal_number identity identity_number
    responsible_person phone text comment note message description subject_line body
"""


def row_problems(row: EventType, topics: Mapping[str, Topic], examples: Path = EXAMPLES) -> list[str]:
    """What a catalogue row lacks: topic, owner, consumer, key, model with a purpose, or an example of each kind."""
    topic = topics.get(row.topic)
    names = {path.stem for path in (examples / example_folder(row).name).glob("*.json")}
    found = {
        "no such topic": topic is None,
        "the topic has another writer": topic is not None and row.producer != topic.writer,
        "a consumer does not read the topic": topic is not None and not set(row.consumers) <= set(topic.readers),
        "no producer": not row.producer,
        "no consumer": not row.consumers,
        "the key is no field of the model": row.key not in row.model.model_fields,
        "the model does not say what it means": not row.model.__doc__ or row.model.__doc__ == EventData.__doc__,
        "no minimal example": "minimal" not in names,
        "no full example": "full" not in names,
        "no invalid example": not any(name.startswith("invalid-") for name in names),
    }
    return [f"{row.wire_type}: {what}" for what, wrong in found.items() if wrong]


def example_problems(row: EventType, name: str, raw: bytes) -> list[str]:
    """Where an example and its two judges, the model and the JSON Schema, disagree with the example's name."""
    should = not name.startswith("invalid-")
    by_schema = jsonschema_rs.validator_for(json_schema(row), validate_formats=True).is_valid(json.loads(raw))
    found = []
    if accepts(row, raw) is not should:
        found.append(f"{row.name}/{name}: the model {'refuses' if should else 'accepts'} it")
    if by_schema is not should:
        found.append(f"{row.name}/{name}: the JSON Schema {'refuses' if should else 'accepts'} it")
    if PERSONAL_NUMBER.search(raw.decode()):
        found.append(f"{row.name}/{name}: holds what looks like a personal number")
    return found + (round_trip_problems(row, name, raw) if should and not found else [])


def accepts(row: EventType, raw: bytes) -> bool:
    """Whether the models accept an event. A request's data are judged by the strict shape that senders are shown."""
    try:
        envelope_of(row).model_validate_json(raw)
        if issubclass(row.model, RequestData):
            row.model.shape.model_validate(json.loads(raw)["data"])
    except ValidationError:
        return False
    return True


def round_trip_problems(row: EventType, name: str, raw: bytes) -> list[str]:
    """Whether anything is lost or rewritten on the way through the model."""
    model = envelope_of(row)
    once = model.model_validate_json(raw).model_dump_json(exclude_none=True)
    again = model.model_validate_json(once).model_dump_json(exclude_none=True)
    document = json.loads(raw)
    found = {
        "something is lost or added": json.loads(once) != document,
        "not stable": once != again,
        "not in the model's own bytes": once != json.dumps(document, ensure_ascii=False, separators=(",", ":")),
    }
    return [f"{row.name}/{name}: {what}" for what, wrong in found.items() if wrong]


def orphan_problems(rows: Iterable[EventType], examples: Path = EXAMPLES) -> list[str]:
    """Examples of no type, and files that are neither a valid nor an invalid example."""
    known = {example_folder(row).name for row in rows}
    found = [f"{folder.name}: no such type" for folder in sorted(examples.iterdir()) if folder.name not in known]
    strange = (path for path in sorted(examples.rglob("*")) if path.is_file() and path.suffix != ".json")
    return found + [f"{path.name}: not an example" for path in strange]


def field_problems(row: EventType) -> list[str]:
    """Fields of our own topics that could hold an address, a personal number or free text."""
    if issubclass(row.model, RequestData):
        return []
    return [
        f"{row.wire_type}: {model.__name__}.{name} has no place in our topics"
        for model in {row.model, *models_within(row.model)}
        for name in model.model_fields
        if name in NOT_IN_OUR_TOPICS.split()
    ]


def models_within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Every model that a model's fields can hold, at any depth."""
    for field in model.model_fields.values():
        for each in _types_within(field.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield each
                yield from models_within(each)


def _types_within(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from _types_within(argument)


def example_files(row: EventType) -> list[Path]:
    return sorted(example_folder(row).glob("*.json"))
