"""Fields of what was sent that nobody reads, misspelt perhaps: passed over, and the sender is warned of each."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from schemas.errors import Pointed
from schemas.steps import OnboardingShape
from services.onboarding.domain.fields import Findings, below

CODE = "unknown_field"

Known = Mapping[str, Any]
"""What may stand in an object: name → what may stand in that in turn, empty where anything may."""


def unknown_fields(content: Mapping[str, Any], shape: type[BaseModel] = OnboardingShape) -> tuple[Pointed, ...]:
    """The place of each field that is not in the shape; of a name that may not be repeated, the place around it."""
    found = Findings()
    _look(found, content, _known(shape), "")
    return tuple(found.errors)


def unknown_of_a_person(content: Mapping[str, Any]) -> tuple[Pointed, ...]:
    """The same of what a person sends, whose agency is that of the token."""
    aside = Findings()
    if "agency" in content:
        aside.add("/agency", CODE)
    return (*aside.errors, *unknown_fields(content))


def unknown_of_an_identity(content: Mapping[str, Any]) -> tuple[Pointed, ...]:
    """The same of what says who a client is: of the second step the identity alone is read."""
    found = Findings()
    identity = _known(OnboardingShape)["details"]["identity"]
    _look(found, content, {"details": {"identity": identity}, "confirm_duplicate": {}}, "")
    return tuple(found.errors)


def beyond(content: Mapping[str, Any], read: Collection[str]) -> tuple[Pointed, ...]:
    """The place of each field of a flat content that is none of those which are read."""
    found = Findings()
    _look(found, content, {name: {} for name in read}, "")
    return tuple(found.errors)


def _look(found: Findings, value: Any, known: Known, place: str) -> None:
    if isinstance(value, list):
        for number, each in enumerate(value):
            _look(found, each, known, f"{place}/{number}")
    elif isinstance(value, Mapping) and known:
        for name, each in value.items():
            if name in known:
                _look(found, each, known[name], below(place, name))
            else:
                found.add(below(place, name), CODE)


@cache
def _known(shape: type[BaseModel]) -> Known:
    """Of an object that may be one of several, what stands in any of them: the others' fields are errors there."""
    return {
        name: {inner: each for model in _models(field.annotation) for inner, each in _known(model).items()}
        for name, field in shape.model_fields.items()
    }


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)
