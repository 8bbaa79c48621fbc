"""The three steps (DESIGN §1) in their strict shape: what upstream developers read, and what JSON Schema enforces.

The services never parse with these: the rule book of onboarding reads the lenient models of schemas/onboarding.py and
answers with our codes. These are published, and the examples are checked against them.
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from schemas.values import Administrator, Counts, Email, ExternalRef, Locale, Name, Reason, Slug, Sub, Value

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Encrypted = Annotated[
    str, StringConstraints(min_length=1, max_length=8192, pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}$")
]
"""A compact JWE to our published key; its payload is `{number, source, id}`, bound to this source and event id."""


class AccessStep(Value):
    """Step 1. `invoice_recipient` is required with program access; without it the agency is invoiced."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"program_access": {"const": True}}},
            "then": {"required": ["invoice_recipient"], "properties": {"invoice_recipient": {"type": "string"}}},
        }
    )

    program_access: bool
    invoice_recipient: Literal["agency", "client"] | None = None
    invoice_interval: Literal["month", "quarter", "year"]

    @model_validator(mode="after")
    def _recipient_with_access(self) -> Self:
        if self.program_access and self.invoice_recipient is None:
            raise ValueError("invoice_recipient is required with program access")
        return self


class OrganisationIdentity(Value):
    """Known by an organisation number: ten digits, `556036-0793`, also `16` + ten; or encrypted."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["number"]}, {"required": ["number_jwe"]}]})

    kind: Literal["organisation"]
    number: Annotated[str, StringConstraints(pattern=r"^(16)?[0-9]{2}[2-9][0-9]{3}-?[0-9]{4}$")] | None = None
    number_jwe: Encrypted | None = None

    @model_validator(mode="after")
    def _exactly_one_number(self) -> Self:
        if (self.number is None) == (self.number_jwe is None):
            raise ValueError("exactly one of number and number_jwe")
        return self


class SoleTraderIdentity(Value):
    """Known by a personal or co-ordination number, which an event carries encrypted."""

    kind: Literal["sole_trader"]
    number_jwe: Encrypted


class AssociationIdentity(Value):
    """An association without organisation number: known by the number (encrypted) and name of a responsible person."""

    kind: Literal["association_without_orgnr"]
    number_jwe: Encrypted
    responsible_person: Name


class Address(Value):
    """Where the client is. Five digits of postal code in Sweden, `123 45` or `12345`."""

    street: Name
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    city: Name
    country: Country | None = None


class DetailsStep(Value):
    """Step 2. The address may be left out where the identity is protected."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["protected_identity"], "properties": {"protected_identity": {"const": True}}},
            "else": {"required": ["address"], "properties": {"address": {"type": "object"}}},
        }
    )

    name: Name
    identity: Annotated[OrganisationIdentity | SoleTraderIdentity | AssociationIdentity, Field(discriminator="kind")]
    protected_identity: bool | None = None
    address: Address | None = None

    @model_validator(mode="after")
    def _address_unless_protected(self) -> Self:
        if self.address is None and not self.protected_identity:
            raise ValueError("address is required unless the identity is protected")
        return self


class LicencesStep(Value):
    """Step 3. At least one licence with program access, none without; the address gets the confirmation either way."""

    counts: Counts | None = None
    confirmation_email: Email


class OnboardingShape(Value):
    """onboarding.requested as it should be sent."""

    agency: Slug
    external_ref: ExternalRef | None = None
    responsible_consultant: Sub | None = None
    confirm_duplicate: bool | None = None
    connected: bool | None = None
    administrators: list[Administrator] | None = None
    access: AccessStep
    details: DetailsStep
    licences: LicencesStep
    locale: Locale | None = None


class _NamedClient(Value):
    """A client named by our id or by the sender's own."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["client_id"]}, {"required": ["external_ref"]}]}
    )

    client_id: UUID | None = None
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _client_is_named(self) -> Self:
        if self.client_id is None and self.external_ref is None:
            raise ValueError("one of client_id and external_ref is required")
        return self


class CancellationShape(_NamedClient):
    """onboarding.cancellation_requested as it should be sent."""

    reason: Reason


class LicencesChangeShape(_NamedClient):
    """onboarding.licences_change_requested as it should be sent: the counts wanted, of the programs named."""

    counts: Counts
    effective_at: AwareDatetime | None = None
