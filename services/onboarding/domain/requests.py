"""An upstream request and its answer, in the words that the sender reads and that stay the same when it comes again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from schemas.envelope import EventData, Say
from schemas.errors import ERRORS, Pointed, Refused, problem
from schemas.onboarding import OnboardingAcceptedV1, OnboardingRejectedV1
from schemas.values import Pointer

_ABOUT = frozenset({"code", "errors", "retryable", "request_id", "agency", "client_id"})


@dataclass(frozen=True, slots=True)
class Sender:
    """An upstream source as onboarding knows it. `agencies`: those it may send clients to; None: any.

    `may`: what it may ask for. A `removed` one is not heard and told nothing, since its topics may be gone.
    """

    source: str
    results_topic: str
    agencies: frozenset[str] | None
    test: bool
    may: frozenset[str] = frozenset({"requested", "cancellation", "licences"})
    removed: bool = False

    def may_send_to(self, agency: str) -> bool:
        return self.agencies is None or agency in self.agencies


@dataclass(frozen=True, slots=True)
class Asked:
    """A source's request: what its sender calls it, and where its answers go."""

    request_id: str
    correlation_id: str
    results_topic: str

    def told(self, data: EventData) -> Say:
        return Say(data, topic=self.results_topic, correlation_id=self.correlation_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What activation answered to what a request asked it for: `cancelled`, `licences_changed` or `rejected`."""

    what: str
    at: datetime
    code: str | None = None
    errors: tuple[Pointed, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused, as it is told and stored. `client_id`: of the client that stands in the way.

    `facts` fill the text of the code; they are not stored, since they may name somebody.
    """

    code: str
    errors: tuple[Pointed, ...] = ()
    client_id: UUID | None = None
    retryable: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, refused: Refused) -> "Refusal":
        retryable = ERRORS[refused.code].retryable
        facts = {name: each for name, each in refused.facts.items() if name != "warnings"}  # the request has them
        client_id = facts.pop("client_id", None)
        return cls(refused.code, refused.errors, client_id if isinstance(client_id, UUID) else None, retryable, facts)


@dataclass(frozen=True, slots=True)
class Request:
    """A request and its answer: the client it made or is about, or a refusal.

    `command_id` is our own id of what it asked activation for; activation's answer names it. `effective_at` is the day
    ahead on which activation answers a change of licences once more; `outcomes` are its answers so far.
    `warnings`: what was passed over in it.
    """

    source: str
    request_id: str
    digest: bytes
    correlation_id: str
    results_topic: str
    agency: str | None
    external_ref: str | None
    received_at: datetime
    client_id: UUID | None = None
    command_id: UUID | None = None
    refusal: Refusal | None = None
    effective_at: datetime | None = None
    outcomes: tuple[Outcome, ...] = ()
    warnings: tuple[Pointed, ...] = ()

    @property
    def final(self) -> bool:
        """Whether the same request sent again is only answered again; one that may succeed later is decided anew."""
        return self.refusal is None or not self.refusal.retryable


def answer(request: Request) -> Say:
    """What the sender is told; the same each time the same request comes."""
    if request.refusal is not None:
        return refused(request, request.refusal)
    data = OnboardingAcceptedV1.model_validate(
        {
            "request_id": request.request_id,
            "agency": request.agency,
            "client_id": request.client_id,
            "external_ref": request.external_ref,
            "warnings": _pointers(request.warnings) or None,
        }
    )
    return told(request, data)


def refused(request: Request, refusal: Refusal) -> Say:
    """The answer that the request is refused."""
    data = rejection(
        refusal.code,
        refusal.errors,
        refusal.retryable,
        request_id=request.request_id,
        agency=request.agency,
        client_id=refusal.client_id,
        warnings=request.warnings,
        **{name: each for name, each in refusal.facts.items() if name not in _ABOUT},
    )
    return told(request, data)


def told(request: Request, data: EventData) -> Say:
    """Something said to the request's sender, under the correlation id that the sender knows."""
    return Say(data, topic=request.results_topic, correlation_id=request.correlation_id)


def rejection(
    code: str,
    errors: tuple[Pointed, ...] = (),
    retryable: bool = False,
    warnings: tuple[Pointed, ...] = (),
    **about: Any,
) -> OnboardingRejectedV1:
    """A rejection in the words of its code. `about`: request_id, agency, client_id, attribute, as far as known."""
    words: Mapping[str, Any] = problem(code, errors, **about)
    return OnboardingRejectedV1(
        request_id=about.get("request_id"),
        agency=about.get("agency"),
        client_id=about.get("client_id"),
        code=code,
        title=words["title"],
        detail_sv=words["detail_sv"],
        detail_en=words["detail_en"],
        errors=_pointers(errors),
        retryable=retryable,
        warnings=_pointers(warnings) or None,
    )


def _pointers(places: tuple[Pointed, ...]) -> list[Pointer]:
    return [Pointer(pointer=each.pointer, code=each.code) for each in places]


def id_for(source: str, request_id: str, at: datetime) -> UUID:
    """A UUIDv7 that the request itself determines, so that deciding again needs no chance."""
    milliseconds = int(at.timestamp() * 1000)
    tail = int.from_bytes(sha256(f"{source}\x00{request_id}".encode()).digest()[:10], "big")
    value = (milliseconds & (2**48 - 1)) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
