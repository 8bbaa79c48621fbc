"""Shapes of a client's history, and of the answer to why somebody can or cannot do something."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.activation.domain.history import ActingAs
from services.activation.web.act_names import EXPLAINED, ActName


class HistoryEntry(BaseModel):
    """One thing that changed, or a try that was refused: then `refused` is the code."""

    history_id: int
    at: AwareDatetime
    act: ActName = Field(description=EXPLAINED)
    by: str = Field(description="the subject who acted; `aktivera` where it fell due")
    acting_as: ActingAs
    correlation_id: str
    refused: str | None
    reason: str | None
    kind: str = Field(description="what changed, such as user, licence, permission, licences, reduction, status")
    user_id: UUID | None
    program: str | None
    part: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    own: bool = Field(description="whoever acted changed what they hold themselves")


class History(BaseModel):
    """A page of the history, newest first."""

    items: list[HistoryEntry]
    next: str | None


class WhoCanFix(BaseModel):
    """Who can mend a link: in which role, and by name those who have it."""

    role: str | None
    names: list[str]


class MissingOf(BaseModel):
    """A program whose licence would open the part, and why it cannot be given; `code` null: it can."""

    program: str
    purchased: int
    assigned: int
    reserved: int
    available: int
    code: str | None


class ChainLink(BaseModel):
    """One thing that must hold. Where it does not, the code of what is missing, what to do, and who can."""

    what: Literal[
        "activated",
        "connected",
        "invitation_accepted",
        "user_active",
        "program_access",
        "program_ordered",
        "licence",
        "licence_reaches",
        "parent_permission",
        "permission",
    ]
    holds: bool
    code: str | None = Field(None, description="only where it does not hold, as all that follows")
    detail_sv: str | None = None
    detail_en: str | None = None
    who_can_fix: WhoCanFix | None = None
    program: str | None = Field(None, description="of the link `licence`: the licence to assign")
    licences: list[MissingOf] | None = Field(None, description="of the link `licence`: all that would open the part")


class Explanation(BaseModel):
    """Whether a user can do something, and each link of the chain."""

    allowed: bool
    chain: list[ChainLink]
