"""What upstream systems ask for, and what onboarding answers them.

Requests parse whenever `data` is a JSON object: it is the rule book in onboarding's domain, not pydantic, that says
`required` or `invalid_choice`, with the same codes as the wizard. Each request model publishes the strict shape of
schemas/steps.py as its JSON Schema, so that a sender who keeps to the schema is never refused for its form.
"""

from typing import Annotated, Any, ClassVar, Generic, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.envelope import Attribute, Data, EventData
from schemas.steps import CancellationShape, LicencesChangeShape, OnboardingShape
from schemas.values import Code, ExternalRef, Pointer, PurchasedLicences, Slug, Value

RequestId = Annotated[str, StringConstraints(min_length=1, max_length=512)]
"""The sender's event id."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class RequestEnvelope(BaseModel, Generic[Data]):
    """CloudEvents 1.0 as a sender must write it. `correlationid` is repeated in every answer; without it, `id` is."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: Attribute
    source: Attribute
    type: Attribute
    subject: Attribute | None = None
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: Attribute | None = None
    traceparent: Attribute | None = None
    data: Data


class RequestData(EventData):
    """Base of the requests: anything in the fields, the strict `shape` in the published schema.

    What else is sent is kept as long as the request is decided, so that its sender can be warned of it.
    """

    model_config = ConfigDict(extra="allow")

    shape: ClassVar[type[Value]]

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(cls.shape.__pydantic_core_schema__)


class OnboardingRequestedV1(RequestData):
    """A source asks for a client: the three steps and what stands beside them."""

    shape = OnboardingShape

    agency: Any = None
    external_ref: Any = None
    responsible_consultant: Any = None
    confirm_duplicate: Any = None
    connected: Any = None
    administrators: Any = None
    access: Any = None
    details: Any = None
    licences: Any = None
    locale: Any = None


class OnboardingCancellationRequestedV1(RequestData):
    """A source asks for a client to be cancelled."""

    shape = CancellationShape

    client_id: Any = None
    external_ref: Any = None
    reason: Any = None


class OnboardingLicencesChangeRequestedV1(RequestData):
    """A source asks for other numbers of licences."""

    shape = LicencesChangeShape

    client_id: Any = None
    external_ref: Any = None
    counts: Any = None
    effective_at: Any = None


class OnboardingAcceptedV1(EventData):
    """The request was accepted. A rejection may still follow for what activation decides.

    `warnings`: what forbids nothing and should be looked at all the same, such as fields that are not known.
    """

    request_id: RequestId
    agency: Slug
    client_id: UUID
    external_ref: ExternalRef | None = None
    warnings: list[Pointer] | None = None


class OnboardingRejectedV1(EventData):
    """The request was refused, and why. `request_id` is absent where the record had no id that could be read.

    `agency` is named only where it is there and the source may send to it. `warnings`: as in an acceptance.
    """

    request_id: RequestId | None = None
    agency: Annotated[str, StringConstraints(max_length=512)] | None = None
    client_id: UUID | None = None
    code: Code
    title: Text
    detail_sv: Text
    detail_en: Text
    errors: list[Pointer]
    retryable: bool
    warnings: list[Pointer] | None = None


class _Progress(EventData):
    """Where the client of a request has come to, and when."""

    request_id: RequestId
    agency: Slug
    client_id: UUID
    external_ref: ExternalRef | None = None
    at: AwareDatetime


class OnboardingListedV1(_Progress):
    """The client stands in the activation list."""


class OnboardingActivatedV1(_Progress):
    """A consultant activated the client."""


class OnboardingConfiguredV1(_Progress):
    """Licences and permissions were saved for the first time."""


class OnboardingCancelledV1(_Progress):
    """The client was cancelled."""


class OnboardingLicencesChangedV1(EventData):
    """The client's licences as they now are; `effective_at` says from when."""

    request_id: RequestId
    agency: Slug
    client_id: UUID
    licences: list[PurchasedLicences]
    effective_at: AwareDatetime
