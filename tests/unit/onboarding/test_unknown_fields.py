"""Which fields are told as unknown: those that nobody reads, by places that repeat no personal number."""

import json
from typing import Any

import pytest

from aktivera.contract_examples import EXAMPLES
from schemas.catalogue import CATALOGUE
from schemas.onboarding import RequestData
from services.onboarding.domain.rule_book import ContentInvalid, review
from services.onboarding.domain.unknown_fields import unknown_fields, unknown_of_a_person
from tests.unit.onboarding.contents import TODAY, content

REQUESTS = [row for row in CATALOGUE if issubclass(row.model, RequestData)]


def places(sent: dict[str, Any]) -> list[str]:
    return [each.pointer for each in unknown_of_a_person(sent)]


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"external_reff": "x"}, "/external_reff"),
        ({"agency": "byra-ett"}, "/agency"),
        ({"details": {"nmae": "x"}}, "/details/nmae"),
        ({"details": {"identity": {"kind": "sole_trader", "persons": 1}}}, "/details/identity/persons"),
        ({"details": {"address": {"post/code": "x"}}}, "/details/address/post~1code"),
        ({"administrators": [{"name": "a"}, {"mail": "b"}]}, "/administrators/1/mail"),
        ({"details": {"811218-9876": "x"}}, "/details"),
        ({"details": {"a\nb": "x"}}, "/details"),
        ({"x" * 300: "x"}, ""),
    ],
)
def test_what_nobody_reads_is_told_by_its_place(sent: dict[str, Any], place: str) -> None:
    assert places(sent) == [place]


def test_what_is_read_or_refused_is_not_told_again() -> None:
    sent = content(
        details__identity={"kind": "organisation", "number": "1", "number_jwe": "2", "responsible_person": 3}
    )
    assert places({**sent, "licences": {"counts": {"hats": 1}}, "details": ["x"]}) == []
    assert places(sent) == []


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row.name)
def test_no_example_has_a_field_that_is_not_known(row: Any) -> None:
    for file in (EXAMPLES / row.name).glob("*.json"):
        if not file.stem.startswith("invalid"):
            assert unknown_fields(json.loads(file.read_text("utf-8"))["data"], row.model.shape) == ()


def test_a_misspelt_field_is_told_beside_what_is_missing_for_it() -> None:
    sent = content(details__name=...)
    sent["details"]["nmae"] = "Bolaget AB"
    with pytest.raises(ContentInvalid) as refused:
        review(sent, TODAY, "http")
    assert [(each.pointer, each.code) for each in refused.value.errors] == [("/details/name", "required")]
    warnings: Any = refused.value.facts["warnings"]
    (warning,) = warnings
    assert (warning["pointer"], warning["code"]) == ("/details/nmae", "unknown_field")
    assert warning["detail_sv"] != warning["detail_en"]
