"""What would break somebody: how a schema of today differs from the released one that others were built against.

Who is hurt depends on the direction. What is heard must still be taken as it was written before: every released
document is one of today's. What is said must still be read by those who knew the released schema: every document of
today is a released one. Our own topics need both, since events of before the change lie in them, and readers of before
it run. In each direction a field that is gone is missed by somebody. An optional field more hurts nobody.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SAME = ("pattern", "format", "multipleOf", "uniqueItems", "propertyNames", "prefixItems")
OPAQUE = ("if", "then", "else", "not", "allOf", "anyOf", "oneOf", "dependentRequired", "dependentSchemas")
"""Conditions that are not compared, only seen to be the same: a change of theirs counts as breaking."""


def breaking(released: Schema, now: Schema, *, heard: bool, said: bool) -> list[str]:
    """What breaks those who write (`heard`) or read (`said`) the documents of a schema, as sentences with the place."""
    old, new = _resolved(released, released), _resolved(now, now)
    found = [f"{place} is gone" for place in sorted(_places(old) - _places(new))]
    if heard:
        found += [f"{place}: {what}, which was taken before" for place, what in _excess(old, new, "")]
    if said:
        found += [f"{place}: {what}, which nobody was told of" for place, what in _excess(new, old, "")]
    return list(dict.fromkeys(found))


def _resolved(value: Any, root: Schema) -> Any:
    """A schema with its references replaced by what they point to, and without what says nothing of documents."""
    if isinstance(value, list):
        return [_resolved(each, root) for each in value]
    if not isinstance(value, Mapping):
        return value
    if "$ref" in value:
        place: Any = root
        for step in value["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        return _resolved({**place, **{name: each for name, each in value.items() if name != "$ref"}}, root)
    return {name: _resolved(each, root) for name, each in value.items() if name not in {"$defs", "discriminator"}}


def _alternatives(schema: Schema) -> list[Schema]:
    """The shapes that a value may have; several where it is a choice and nothing else."""
    for word in ("anyOf", "oneOf"):
        if word in schema and not {"type", "properties", "required"} & set(schema):
            return [each for one in schema[word] for each in _alternatives(one)]
    return [schema]


def _places(schema: Schema, at: str = "") -> set[str]:
    """The pointers of all fields that a document can have; `*` stands for any item or name."""
    found: set[str] = set()
    for each in _alternatives(schema):
        for name, inner in each.get("properties", {}).items():
            found |= {f"{at}/{name}"} | _places(inner, f"{at}/{name}")
        for word in ("items", "additionalProperties"):
            if isinstance(each.get(word), Mapping):
                found |= _places(each[word], f"{at}/*")
        for inner in each.get("patternProperties", {}).values():
            found |= _places(inner, f"{at}/*")
    return found


Complaints = list[tuple[str, str]]


def _excess(one: Schema, other: Schema, at: str) -> Complaints:
    """Where `one` lets through what `other` does not."""
    found: Complaints = []
    for shape in _alternatives(one):
        against = (list(_shape_excess(shape, each, at)) for each in _alternatives(other))
        nearest: Complaints = min(against, key=_distance)
        found += nearest
    return found


def _distance(complaints: Complaints) -> tuple[int, int]:
    """How far two shapes are from being the same one changed: how often type or value are others, then the rest."""
    return sum(what.startswith(("the type", "the value")) for _, what in complaints), len(complaints)


def _shape_excess(one: Schema, other: Schema, at: str) -> Iterator[tuple[str, str]]:
    here = at or "/"
    yield from ((here, what) for what in _value_excess(one, other))
    yield from ((f"{at}/{name}", "may be missing") for name in _listed(other, "required") - _listed(one, "required"))
    yield from _field_excess(one, other, at)
    if isinstance(other.get("items"), Mapping):
        yield from _excess(one.get("items", {}), other["items"], f"{at}/*")
    for word in OPAQUE:
        if one.get(word) != other.get(word):
            yield here, f"a condition ({word}) is another"


def _value_excess(one: Schema, other: Schema) -> Iterator[str]:
    values = _values(other)
    if values is not None:
        more = _values(one)
        if more is None:
            yield "any value"
            return
        yield from (f"the value {value!r}" for value in more if value not in values)
        return
    types = _listed(other, "type")
    if types and _values(one) is None:
        known = types | ({"integer"} if "number" in types else set())
        strange = _listed(one, "type") - known if "type" in one else {"anything"}
        yield from (f"the type {each}" for each in sorted(strange))
    yield from _limit_excess(one, other)


def _limit_excess(one: Schema, other: Schema) -> Iterator[str]:
    for word, sign in [*((word, -1) for word in LEAST), *((word, 1) for word in MOST)]:
        if word in other and (word not in one or sign * one[word] > sign * other[word]):
            yield f"{word} {one.get(word, 'none')} and not {other[word]}"
    for word in SAME:
        if word in other and one.get(word) != other[word]:
            yield f"{word} {one.get(word, 'none')!r} and not {other[word]!r}"


def _field_excess(one: Schema, other: Schema, at: str) -> Iterator[tuple[str, str]]:
    here, there = one.get("properties", {}), other.get("properties", {})
    for name in sorted(here.keys() & there.keys()):
        yield from _excess(here[name], there[name], f"{at}/{name}")
    patterns, known = one.get("patternProperties", {}), other.get("patternProperties", {})
    if patterns.keys() != known.keys():
        yield at or "/", "fields of other names"
    for name in sorted(patterns.keys() & known.keys()):
        yield from _excess(patterns[name], known[name], f"{at}/*")
    closed = other.get("additionalProperties", True)
    if closed is True:
        return
    for name in sorted(here.keys() - there.keys()):
        if closed is False:
            yield f"{at}/{name}", "a field"
        else:
            yield from _excess(here[name], closed, f"{at}/{name}")
    opened = one.get("additionalProperties", True)
    if opened is True:
        yield at or "/", "fields of any name"
    elif isinstance(opened, Mapping) and isinstance(closed, Mapping):
        yield from _excess(opened, closed, f"{at}/*")
    elif opened is not False:
        yield at or "/", "fields of other names"


def _values(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: Iterable[Any] | None = schema.get("enum")
    return None if values is None else list(values)


def _listed(schema: Schema, word: str) -> set[str]:
    value = schema.get(word, [])
    return {value} if isinstance(value, str) else set(value)
