"""The values that the event models share: names, codes, counts, people, licences."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")]
"""An agency's id, such as `byra-ett`."""

Sub = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""The subject (`sub` of the token) of a consultant or a user. A list written `x[] (sub)` holds these strings."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
"""An address that the rule book has accepted; å, ä and ö are allowed in its domain."""

NameOrBlank = Annotated[str, StringConstraints(max_length=200)]
EmailOrBlank = Annotated[str, StringConstraints(max_length=254, pattern=r"^([^@\s]+@[^@\s]+)?$")]
"""As Name and Email, or empty where personal data have been erased: only snapshots meet those."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A stable word for machines: error codes, kinds of bell, ids of programs and parts."""

ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The sender's own name for the client."""

KeyId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""Which key makes the code in a link; the code itself never travels."""

Count = Annotated[int, Field(ge=0, le=9999)]
Counts = Annotated[dict[Code, Count], Field(json_schema_extra={"additionalProperties": False})]
"""Program → number of licences."""

Ordinal = Annotated[int, Field(ge=1)]
"""Counts from 1 upwards: generations, mailings, attempts."""

Locale = Literal["sv", "en"]
Reason = Literal["mistake", "duplicate", "withdrawn", "ended", "other"]
Role = Literal["client_manager", "agency_admin"]
IdentityKind = Literal["organisation", "sole_trader", "association_without_orgnr"]
Origin = Literal["wizard", "api", "csv", "event", "connected"]
Level = Literal["none", "on", "read", "write"]
"""What a grant gives. Licences and administrator roles know none and on; a part says which levels it offers."""


class Value(BaseModel):
    """Base of every object inside `data`. Unknown fields are ignored, as in EventData."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Person(Value):
    """Somebody who did something."""

    sub: Sub
    name: Name


class RequestedBy(Value):
    """Who asked: a user (`id` is the sub) or an upstream source (`id` is the source)."""

    kind: Literal["user", "source"]
    id: Sub
    name: Name | None = None


class Recipient(Value):
    """A person who can be told: with an address where one is known."""

    sub: Sub
    name: Name
    email: Email | None = None
    locale: Locale | None = None


class UserContact(Value):
    """A client's user who gets a mail of their own."""

    user_id: UUID
    name: Name
    email: Email
    locale: Locale


class Access(Value):
    """Step 1: whether the client gets own programs, and who pays how often."""

    program_access: bool
    invoice_recipient: Literal["agency", "client"]
    invoice_interval: Literal["month", "quarter", "year"]


class Administrator(Value):
    """An administrator whom the client already had, or whom upstream wishes to invite."""

    sub: Sub | None = None
    name: Name
    email: Email
    locale: Locale


class Pointer(Value):
    """One place that is wrong: a JSON pointer (RFC 6901) into what was sent, and the code of what is wrong there."""

    pointer: Annotated[str, StringConstraints(max_length=500, pattern=r"^(/.*)?$")]
    code: Code


class PurchasedLicences(Value):
    """How many licences of one program a client has."""

    program: Code
    purchased: Count


class LicenceRow(PurchasedLicences):
    """One program's licences: bought, held by users, kept for open invitations."""

    assigned: Count
    reserved: Count


class ScheduledChange(Value):
    """A reduction that waits for its day; `count` is what remains from then on."""

    id: UUID
    program: Code
    count: Count
    effective_at: AwareDatetime
    reason: Reason
