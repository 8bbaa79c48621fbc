"""What the routes of the agency directory take and give."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from schemas.values import Locale, Role
from services.onboarding.web.bodies import Warned
from services.onboarding.web.remarks import Remark
from services.onboarding.web.shapes import By


class AgencyBody(Warned):
    """An agency, whole."""

    name: Any = None
    locale: Any = None
    client_visibility: Any = None


class ConsultantBody(Warned):
    """A consultant, whole."""

    name: Any = None
    email: Any = None
    locale: Any = None
    roles: Any = None


class ConsultantShown(BaseModel):
    """A consultant."""

    sub: str
    name: str
    email: str
    locale: Locale
    roles: list[Role]
    leaving: UUID | None = None
    """The request by which they are about to be removed."""


class AgencyShown(BaseModel):
    """An agency with its consultants."""

    agency: str
    name: str
    locale: Locale
    client_visibility: str
    version: int
    consultants: list[ConsultantShown]


class StoredAgency(AgencyShown):
    """An agency as it was stored, and the fields of what was sent that nobody read."""

    warnings: list[Remark]


class StoredConsultant(ConsultantShown):
    """A consultant as they were stored, and the fields of what was sent that nobody read."""

    warnings: list[Remark]


class RemovalShown(BaseModel):
    """A wish to remove a consultant. `clients`: those they were released from, or, where it is refused with `code`,
    those that would be left without a system administrator."""

    request_id: UUID
    agency: str
    sub: str
    state: str
    requested_at: datetime
    requested_by: By
    answered_at: datetime | None
    clients: list[UUID]
    code: str | None = None
    title: str | None = None
    detail_sv: str | None = None
    detail_en: str | None = None


class ConsultantList(BaseModel):
    """The consultants of an agency, by name."""

    items: list[ConsultantShown]
    next: None = None


class ListedAgency(BaseModel):
    """One row of the directory."""

    agency: str
    name: str
    locale: Locale
    client_visibility: str
    version: int
    consultants: int


class AgencyPage(BaseModel):
    """A page of agencies; `next` is the cursor of the following one."""

    items: list[ListedAgency]
    next: str | None
