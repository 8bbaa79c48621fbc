"""Shapes that several answers are made of: who did something, places that are wrong, the parts of a client."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from schemas.client import ClientStatus
from schemas.values import Locale


class By(BaseModel):
    """Who did something. The name is empty once they are erased."""

    sub: str
    name: str


class ByOfAgency(BaseModel):
    """Who tried, and of which agency."""

    agency: str
    sub: str


class PlaceShown(BaseModel):
    """A place in what a source sent, and the code of what is to be said of it."""

    pointer: str
    code: str


class AddressShown(BaseModel):
    """Where a client is."""

    street: str
    postal_code: str
    city: str
    country: str


class AccessShown(BaseModel):
    """A client's first step."""

    program_access: bool
    invoice_recipient: Literal["agency", "client"]
    invoice_interval: Literal["month", "quarter", "year"]


class LicencesShown(BaseModel):
    """A client's third step, as it was first ordered."""

    counts: dict[str, int] = Field(description="program → how many")
    confirmation_email: str


class AdministratorShown(BaseModel):
    """An administrator whom the client already had, or whom upstream wishes to invite."""

    sub: str | None
    name: str
    email: str
    locale: Locale


class WayShown(BaseModel):
    """How far the client of a request has come."""

    status: ClientStatus
    created_at: datetime
    listed_at: datetime | None
    activated_at: datetime | None
    configured_at: datetime | None
    cancelled_at: datetime | None


class AlteredShown(BaseModel):
    """One value of a client that an act altered, as it was and as it is; a person's number is masked."""

    pointer: str
    before: Any
    after: Any


class AskedShown(BaseModel):
    """What activation was asked for: a cancellation has its reason alone."""

    reason: str | None = None
    counts: dict[str, int] | None = Field(None, description="the numbers wanted, of the programs named")
    program_access: bool | None = None
    effective_at: datetime | None = None
