"""What is taken and given where people change a client or ask for something; the rule book refuses, by place."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from chassis.problems import Place
from services.onboarding.domain.asking import QuestionState
from services.onboarding.web.bodies import ShownClient, Warned
from services.onboarding.web.remarks import Remark
from services.onboarding.web.shapes import AlteredShown, AskedShown, By


class ChangesBody(BaseModel):
    """What shall be otherwise, in the shape of the three steps. What is not named stays, null takes away."""

    model_config = ConfigDict(
        extra="allow",  # what no client has is refused by place
        hide_input_in_errors=True,
        json_schema_extra={
            "example": {
                "details": {"name": "Nya Exempelbolaget AB", "address": {"street": "Lillgatan 2"}},
                "licences": {"confirmation_email": "info@exempelbolaget.se"},
                "external_ref": None,
            }
        },
    )

    access: Any = None
    details: Any = None
    licences: Any = None
    external_ref: Any = None
    responsible_consultant: Any = None
    locale: Any = None
    confirm_duplicate: Any = None

    def patch(self) -> dict[str, Any]:
        """What was named, null included."""
        named = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return named | (self.model_extra or {})


class IdentityBody(Warned):
    """Who the client is, in the shape of the second step."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"details": {"identity": {"kind": "organisation", "number": "802000-1239"}}},
        }
    )

    details: Any = None
    confirm_duplicate: Any = None


class IdentifiedClient(ShownClient):
    """The client as it is now; `warnings`: fields that nobody read."""

    warnings: list[Remark] | None = None


class CancelBody(Warned):
    """Why the client is cancelled: mistake, duplicate, withdrawn, ended or other."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "mistake"}})

    reason: Any = None


class LicencesBody(Warned):
    """The numbers wanted, of the programs named; from when, if not at once. `program_access`: with them, or none."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"counts": {"bookkeeping": 3}, "effective_at": "2027-01-01T00:00:00+01:00", "reason": "ended"}
        }
    )

    counts: Any = None
    program_access: Any = None
    effective_at: Any = None
    reason: Any = None


class QuestionShown(BaseModel):
    """Something that was asked of activation: pending, then done, or refused with a code and what to do.

    `unanswered`: no answer came within a day, and the same may be asked again. `warnings`, when it is asked: fields
    that nobody read.
    """

    request_id: UUID
    client_id: UUID
    kind: str
    state: QuestionState
    asked: AskedShown
    by: By
    asked_at: datetime
    settled_at: datetime | None
    code: str | None
    title: str | None
    detail_sv: str | None
    detail_en: str | None
    errors: list[Place]
    url: str
    warnings: list[Remark] = []


class QuestionPage(BaseModel):
    """A page of what was asked; `next` is the cursor of the following one."""

    items: list[QuestionShown]
    next: str | None


class ChangeShown(BaseModel):
    """One act on a client: what it altered, place by place; a person's number is masked."""

    edition: int
    at: datetime
    act: str
    by: By
    changes: list[AlteredShown]


class ChangesPage(BaseModel):
    """A page of acts on a client; `next` is the cursor of the following one."""

    items: list[ChangeShown]
    next: str | None
