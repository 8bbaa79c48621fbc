"""Sources as operators set them up: checked, added once, changed on purpose, paused and removed."""

from dataclasses import replace
from typing import Any

import pytest

from services.onboarding.domain.rule_book import ContentInvalid
from services.onboarding.domain.sources import (
    MOST_SOURCES,
    AddSource,
    ChangeSource,
    SetState,
    Source,
    SourceDiffers,
    SourceIsFirst,
    SourcesTooMany,
    SourceUnknown,
    Standing,
    State,
    add_source,
    change_source,
    set_state,
)
from tests.unit.onboarding.contents import NOW

NONE = Standing(None, 1)
WISH = AddSource("bolag", {"agencies": ["byra-ett"]}, "olle")
THERE = add_source(NONE, WISH, NOW).state
FIRST = Standing(Source(None, "/upstream/demo", None, frozenset({"requested"}), False), 1)


def test_a_source_may_ask_for_everything_unless_it_is_said_otherwise() -> None:
    source = THERE.source
    assert source is not None
    assert (source.source, source.agencies, source.test) == ("/upstream/bolag", frozenset({"byra-ett"}), False)
    assert source.may == {"requested", "cancellation", "licences"}
    assert source.act is not None
    assert (source.act.what, source.act.by) == ("added", "olle")


def test_the_same_again_changes_nothing_and_anything_else_is_refused_by_name() -> None:
    assert add_source(THERE, WISH, NOW).state is THERE
    other = {"agencies": ["byra-tva"], "may": ["requested"], "test": True}
    with pytest.raises(SourceDiffers) as refused:
        add_source(THERE, replace(WISH, content=other), NOW)
    assert refused.value.facts == {"differs": ["agencies", "may", "test"]}


@pytest.mark.parametrize(
    ("content", "pointer", "code"),
    [
        ({}, "/agencies", "required"),
        ({"agencies": "byra-ett"}, "/agencies", "invalid_value"),
        ({"agencies": ["byra-ett", 7]}, "/agencies/1", "invalid_value"),
        ({"agencies": ["811218-9876"]}, "/agencies/0", "personal_number_not_allowed"),
        ({"agencies": ["byra-ett"], "may": []}, "/may", "required"),
        ({"agencies": ["byra-ett"], "may": ["allt"]}, "/may/0", "invalid_choice"),
        ({"agencies": ["byra-ett"], "test": "ja"}, "/test", "invalid_value"),
    ],
)
def test_what_is_wrong_is_pointed_at(content: dict[str, Any], pointer: str, code: str) -> None:
    with pytest.raises(ContentInvalid) as refused:
        add_source(NONE, replace(WISH, content=content), NOW)
    assert [(each.pointer, each.code) for each in refused.value.errors] == [(pointer, code)]


def test_a_change_names_what_shall_be_otherwise_and_keeps_what_was() -> None:
    changed = change_source(THERE, ChangeSource("bolag", {"may": ["licences"]}, "olle"), NOW).state.source
    assert changed is not None
    assert (changed.may, changed.agencies) == (frozenset({"licences"}), frozenset({"byra-ett"}))
    assert changed.act is not None
    assert changed.act.detail["before"]["may"] == ["cancellation", "licences", "requested"]
    assert change_source(THERE, ChangeSource("bolag", {"agencies": ["byra-ett"]}, "olle"), NOW).says == ()


def test_a_removed_source_can_be_added_otherwise_but_not_as_a_test_or_in_earnest() -> None:
    removed = set_state(THERE, SetState("bolag", "removed", "olle"), NOW).state
    again = add_source(removed, replace(WISH, content={"agencies": ["byra-tva"]}), NOW).state.source
    assert again is not None
    assert (again.state, again.agencies) == ("active", frozenset({"byra-tva"}))
    with pytest.raises(SourceDiffers):
        add_source(removed, replace(WISH, content={"agencies": ["byra-ett"], "test": True}), NOW)
    with pytest.raises(SourceUnknown):
        set_state(removed, SetState("bolag", "paused", "olle"), NOW)


@pytest.mark.parametrize("state", ["active", "paused", "removed"])
def test_a_state_that_it_has_already_is_no_act(state: State) -> None:
    once = set_state(THERE, SetState("bolag", state, "olle"), NOW).state
    assert set_state(once, SetState("bolag", state, "olle"), NOW).state is once


def test_the_first_source_is_left_alone_and_there_are_only_so_many() -> None:
    with pytest.raises(SourceIsFirst):
        add_source(FIRST, replace(WISH, slug="demo"), NOW)
    with pytest.raises(SourceIsFirst):
        change_source(FIRST, ChangeSource("demo", {"may": ["licences"]}, "olle"), NOW)
    with pytest.raises(SourceIsFirst):
        set_state(FIRST, SetState("demo", "paused", "olle"), NOW)
    with pytest.raises(SourcesTooMany):
        add_source(Standing(None, MOST_SOURCES), WISH, NOW)
    removed = set_state(THERE, SetState("bolag", "removed", "olle"), NOW).state
    with pytest.raises(SourcesTooMany):
        add_source(replace(removed, count=MOST_SOURCES), WISH, NOW)
    assert add_source(replace(removed, count=MOST_SOURCES - 1), WISH, NOW).state.source is not None
