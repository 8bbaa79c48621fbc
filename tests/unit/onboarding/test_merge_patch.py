"""JSON Merge Patch: the examples of RFC 7396's appendix, and a depth that no sender can exceed."""

from typing import Any

import pytest

from services.onboarding.domain.merge_patch import DEEPEST, merged

EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("document", "patch", "result"), EXAMPLES)
def test_a_patch_does_what_the_rfc_says(document: Any, patch: Any, result: Any) -> None:
    assert merged(document, patch) == result


def test_neither_the_document_nor_the_patch_is_changed() -> None:
    document, patch = {"a": {"b": 1}}, {"a": {"b": None, "c": 2}}
    assert merged(document, patch) == {"a": {"c": 2}}
    assert (document, patch) == ({"a": {"b": 1}}, {"a": {"b": None, "c": 2}})


def test_a_patch_of_any_depth_is_taken_as_it_is_below_ours() -> None:
    patch: Any = "bottom"
    for _ in range(100_000):
        patch = {"a": patch}
    found = merged({}, patch)
    for _ in range(DEEPEST):
        found, patch = found["a"], patch["a"]
    assert found is patch
