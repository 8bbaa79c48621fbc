"""An upstream source: what it may send, for which agencies, and whether it is read. Set up by operators."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, get_args

from schemas.envelope import Decision
from schemas.errors import Refused
from services.onboarding.domain import fields
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.rule_book import ContentInvalid
from services.onboarding.domain.unknown_fields import beyond

May = Literal["requested", "cancellation", "licences"]
MAY: tuple[May, ...] = get_args(May)
State = Literal["active", "paused", "removed"]
SOURCE_FIELDS = ("agencies", "may", "test")
CHANGE_FIELDS = ("agencies", "may")
MOST_AGENCIES = 1000
MOST_SOURCES = 50
"""Each source has a reader of its own in every replica."""


class SourceUnknown(Refused):
    """No source has this slug."""

    code = "unknown_source"


class SourceDiffers(Refused):
    """A source with this slug is there already, and set up otherwise; `differs` says in what."""

    code = "source_differs"


class SourceIsFirst(Refused):
    """The first source belongs to the installation; it is not set up like a further one."""

    code = "source_is_first"


class SourcesTooMany(Refused):
    """There are as many sources as an installation may have."""

    code = "too_many_sources"


class TopicsMissing(Refused):
    """The source's pair of topics is not there; one that is missing would hold up what is said to all others."""

    code = "source_topics_missing"


@dataclass(frozen=True, slots=True)
class Act:
    """Something an operator did with a source, as it is kept."""

    what: str
    by: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A source, whole. `agencies`: those it may send clients to; None, which only the first has: any.

    `slug` is None for the first one. `act` is what made it what it is now, to be noted when it is saved.
    """

    slug: str | None
    source: str
    agencies: frozenset[str] | None
    may: frozenset[str]
    test: bool
    state: State = "active"
    added_at: datetime | None = None
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a command about a source is decided on: the source, if there is one, and how many there are in all."""

    source: Source | None
    count: int


@dataclass(frozen=True, slots=True)
class AddSource:
    """A source shall be there, as its content says."""

    slug: str
    content: Mapping[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class ChangeSource:
    """What a source may send, or for whom, shall be otherwise; what is not named stays."""

    slug: str
    content: Mapping[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class SetState:
    """A source shall be read, not for now, or never again."""

    slug: str
    state: State
    by: str


def attribute_of(slug: str) -> str:
    """The `source` that its events carry."""
    return f"/upstream/{slug}"


def add_source(state: Standing | None, command: AddSource, now: datetime) -> Decision[Standing]:
    """Adds a source; says nothing and changes nothing where it is there as it shall be. Raises what forbids it."""
    assert state is not None, "load answers how many there are"
    found = Findings()
    agencies = _agencies(found, command.content.get("agencies"))
    may = _may(found, command.content.get("may", list(MAY)))
    test = fields.flag(found, command.content.get("test"), "/test", default=False)
    if found.errors or test is None:
        raise ContentInvalid(found.errors, beyond(command.content, SOURCE_FIELDS))
    before = _further(state.source)
    wanted = Source(command.slug, attribute_of(command.slug), agencies, may, test, added_at=now)
    differs = set() if before is None else _differences(before, wanted)
    if before is not None and before.state != "removed":
        if differs:
            raise SourceDiffers(differs=sorted(differs))
        return Decision(state)
    if "test" in differs:
        raise SourceDiffers(differs=["test"])  # its clients are marked, or not, for good
    if state.count >= MOST_SOURCES:  # a removed one does not count until it is added again
        raise SourcesTooMany(most=MOST_SOURCES)
    act = Act("added", command.by, _shown(wanted))
    return Decision(replace(state, source=replace(wanted, act=act)))


def change_source(state: Standing | None, command: ChangeSource, _now: datetime) -> Decision[Standing]:
    """Changes what a source may. Raises ContentInvalid, SourceUnknown, SourceIsFirst."""
    assert state is not None, "load answers how many there are"
    before = _living(state)
    found, content = Findings(), command.content
    agencies = before.agencies if content.get("agencies") is None else _agencies(found, content["agencies"])
    may = before.may if content.get("may") is None else _may(found, content["may"])
    if found.errors:
        raise ContentInvalid(found.errors, beyond(content, CHANGE_FIELDS))
    wanted = replace(before, agencies=agencies, may=may)
    if wanted == before:
        return Decision(state)
    act = Act("changed", command.by, {"before": _shown(before), "after": _shown(wanted)})
    return Decision(replace(state, source=replace(wanted, act=act)))


def set_state(state: Standing | None, command: SetState, _now: datetime) -> Decision[Standing]:
    """Pauses a source, takes it up again or removes it. Raises SourceUnknown, SourceIsFirst."""
    assert state is not None, "load answers how many there are"
    before = _further(state.source)
    if before is not None and before.state == command.state:
        return Decision(state)
    before = _living(state)
    act = Act({"active": "resumed", "paused": "paused", "removed": "removed"}[command.state], command.by, {})
    return Decision(replace(state, source=replace(before, state=command.state, act=act)))


def _further(source: Source | None) -> Source | None:
    if source is not None and source.slug is None:
        raise SourceIsFirst
    return source


def _living(state: Standing) -> Source:
    source = _further(state.source)
    if source is None or source.state == "removed":
        raise SourceUnknown
    return source


def _agencies(found: Findings, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        found.add("/agencies", "invalid_value" if value else "required")
        return frozenset()
    if len(value) > MOST_AGENCIES:
        found.add("/agencies", "invalid_value")
        return frozenset()
    named = [fields.text(found, each, f"/agencies/{place}", longest=64) for place, each in enumerate(value)]
    return frozenset(each for each in named if each is not None)


def _may(found: Findings, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        found.add("/may", "invalid_value" if value else "required")
        return frozenset()
    for place, each in enumerate(value[: len(MAY) * 2]):
        if each not in MAY:
            found.add(f"/may/{place}", "invalid_choice", MAY)
    return frozenset(each for each in MAY if each in value)


def _differences(one: Source, other: Source) -> set[str]:
    return {name for name in ("agencies", "may", "test") if getattr(one, name) != getattr(other, name)}


def _shown(source: Source) -> dict[str, Any]:
    return {"agencies": sorted(source.agencies or ()), "may": sorted(source.may), "test": source.test}
