"""A catalogue row as JSON Schema 2020-12: the whole event as it stands in the topic, envelope and data."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from schemas.envelope import Envelope, EventType
from schemas.onboarding import RequestData, RequestEnvelope

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the titles that only repeat the fields' names."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


def envelope_of(row: EventType) -> type[BaseModel]:
    """The envelope's model with the row's data: that of a sender for requests, our own for everything else."""
    if issubclass(row.model, RequestData):
        return RequestEnvelope[row.model]  # type: ignore[name-defined]  # a model known at run time only
    return Envelope[row.model]  # type: ignore[name-defined]


def title_of(row: EventType) -> str:
    """Type and version without our prefix: the name of the schema and of the message."""
    return f"{row.name}.v{row.version}"


def schema_file(row: EventType) -> str:
    return f"{title_of(row)}.schema.json"


def json_schema(row: EventType) -> dict[str, Any]:
    """The schema of a row. Beside what the model says, the type is fixed and `sequence` stands where it belongs."""
    schema = envelope_of(row).model_json_schema(schema_generator=_WithoutTitles)
    properties: dict[str, Any] = schema["properties"]
    required = {"specversion", *schema["required"]}
    properties["type"] = {"const": row.wire_type}
    if row.versioned:
        properties["sequence"] = next(each for each in properties["sequence"]["anyOf"] if each["type"] == "string")
        required.add("sequence")
    else:
        properties.pop("sequence", None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:aktivera:schema:{title_of(row)}",
        "title": title_of(row),
        "description": row.model.__doc__,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name in required],
        "$defs": schema["$defs"],
    }
