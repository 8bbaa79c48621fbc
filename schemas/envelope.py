"""The envelope that every event travels in (CloudEvents 1.0), and what the catalogue knows of a type."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, TypeAdapter

TYPE_PREFIX = "se.aktivera."
CONTENT_TYPE = "application/cloudevents+json"

Attribute = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class EventData(BaseModel):
    """Base of every `data` model. Unknown fields are ignored: an added optional field keeps the version."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


Data = TypeVar("Data", bound=EventData)
DataOut = TypeVar("DataOut", bound=EventData, covariant=True)
State = TypeVar("State")


class Envelope(BaseModel, Generic[DataOut]):
    """CloudEvents 1.0 in structured JSON with our extensions (DESIGN §1)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: Attribute
    source: Attribute
    type: Attribute
    subject: Attribute
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}$")] | None = None
    correlationid: Attribute
    causationid: Attribute | None = None
    traceparent: Attribute | None = None
    data: DataOut

    @property
    def version(self) -> int | None:
        """The aggregate's version in the producing service; None for types that have none."""
        return None if self.sequence is None else int(self.sequence)


@dataclass(frozen=True)
class EventType:
    """One row of the catalogue: what a type carries, who says it and who hears it.

    `key` names the field of `data` whose value is the Kafka key, the subject and the aggregate's id.
    `versioned` types carry `sequence`; a `snapshot` sets the version baseline instead of following it.
    `counted_by` names the field of `data` that the metrics tell apart, one with few values and nothing personal.
    """

    name: str
    model: type[EventData]
    topic: str
    key: str
    producer: str
    consumers: tuple[str, ...]
    version: int = 1
    versioned: bool = True
    snapshot: bool = False
    counted_by: str | None = None

    @cached_property
    def wire_type(self) -> str:
        return f"{TYPE_PREFIX}{self.name}.v{self.version}"

    def key_of(self, data: EventData) -> str | None:
        """The Kafka key of this type's data; None where the field is absent, as a rejection's request id may be."""
        value = getattr(data, self.key)
        return None if value is None else str(value)

    @cached_property
    def adapter(self) -> TypeAdapter[Envelope[EventData]]:
        """Parses and validates a whole event from bytes in one step."""
        return TypeAdapter(Envelope[self.model])  # type: ignore[name-defined]  # a model known at run time only


class Catalogue:
    """All event types of an application, found by wire type or by model."""

    def __init__(self, types: Iterable[EventType]) -> None:
        self._types = tuple(types)
        self._by_wire_type = {each.wire_type: each for each in self._types}
        self._by_model = {each.model: each for each in self._types}
        if not len(self._types) == len(self._by_wire_type) == len(self._by_model):
            raise ValueError("two catalogue rows share a wire type or a model")

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._types)

    def find(self, wire_type: str) -> EventType | None:
        return self._by_wire_type.get(wire_type)

    def type_of(self, data: EventData) -> EventType:
        """The row of a data object's model. Raises KeyError where the catalogue has none."""
        return self._by_model[type(data)]


@dataclass(frozen=True, slots=True)
class Say:
    """One thing a decision says; the chassis puts it into an envelope and the outbox.

    `version` is the aggregate's new version (None for types without). `topic` replaces the catalogue's
    where a source has its own. `correlation_id` replaces the one of the event or request being handled.
    """

    data: EventData
    version: int | None = None
    topic: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision(Generic[State]):
    """What `decide` answers: the aggregate's new state and what is said about it.

    `waits` is the code of what is not there yet: the event is held and decided again, and only when the tries are over
    does this decision count; the event then stays held for a person.
    """

    state: State
    says: tuple[Say, ...] = ()
    waits: str | None = None
