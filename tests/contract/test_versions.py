"""A second version of an event lives beside the first: both parse, both route, and each is its own contract."""

import json

import pytest

from schemas.catalogue import CATALOGUE
from schemas.client import ClientCreatedV1
from schemas.envelope import Catalogue, EventType
from schemas.generate import example_folder
from schemas.json_schema import json_schema, schema_file
from schemas.values import Value
from tests.contract.catalogue_checks import example_files

V1 = next(row for row in CATALOGUE if row.name == "client.created")


class InvoiceTerms(Value):
    """What V2 asks for besides: days until an invoice is due."""

    days: int


class ClientCreatedV2(ClientCreatedV1):
    """A client was created; from this version on with terms of payment, which are required."""

    invoice_terms: InvoiceTerms


V2 = EventType(V1.name, ClientCreatedV2, V1.topic, V1.key, V1.producer, V1.consumers, version=2)
BOTH = Catalogue([*CATALOGUE, V2])


def _v1() -> bytes:
    return next(path for path in example_files(V1) if path.stem == "full").read_bytes()


def _v2() -> bytes:
    event = json.loads(_v1())
    return json.dumps(
        {**event, "type": V2.wire_type, "data": {**event["data"], "invoice_terms": {"days": 30}}}
    ).encode()


@pytest.mark.parametrize(("raw", "row"), [(_v1(), V1), (_v2(), V2)], ids=["v1", "v2"])
def test_each_version_finds_its_own_model(raw: bytes, row: EventType) -> None:
    found = BOTH.find(json.loads(raw)["type"])
    assert found is row
    data = found.adapter.validate_json(raw).data
    assert type(data) is row.model
    assert BOTH.type_of(data) is row
    assert row.key_of(data) == json.loads(raw)["subject"]


def test_what_the_second_version_requires_the_first_does_not_know() -> None:
    with pytest.raises(ValueError, match="invoice_terms"):
        V2.adapter.validate_json(_v1())
    assert "invoice_terms" not in V1.adapter.validate_json(_v2()).data.model_dump()


def test_the_versions_have_their_own_schema_and_examples() -> None:
    assert schema_file(V2) == "client.created.v2.schema.json"
    assert json_schema(V2)["$id"] != json_schema(V1)["$id"]
    assert example_folder(V2).name == "client.created.v2"


def test_a_catalogue_with_the_same_version_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="share a wire type"):
        Catalogue([*CATALOGUE, V1])
