"""Shapes of refusals that carry more than their code, by the status of their answer."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from chassis.problems import Problem
from schemas.grants import GrantKind
from services.activation.web.shapes.history import HistoryEntry


class WrongCell(BaseModel):
    """A change of a Save that was refused, by its user, program and part."""

    pointer: str
    code: str
    user_id: UUID
    kind: GrantKind
    program: str | None
    part: str | None


class Holder(BaseModel):
    """Somebody who holds a licence."""

    user_id: UUID
    name: str


class CellsRefused(Problem):
    """A refusal of a Save, or of an invitation with grants."""

    cells: list[WrongCell] | None = Field(None, description="of a Save: each change that is wrong")


class NotAllowedRefused(CellsRefused):
    """The caller may not do this."""

    roles: list[str] | None = Field(None, description="`not_allowed`: any of these roles would do")


class NobodyLeftRefused(CellsRefused):
    """No lasting system administrator would be left, or another reason."""

    clients: list[UUID] | None = Field(
        None, description="`last_system_administrator`, `permanent_admin_required`: where nobody lasting would be left"
    )
    suggestion: Literal["hand_over"] | None = Field(None, description="what to do instead, beside `clients`")


class NotNowRefused(NobodyLeftRefused):
    """Something that the present state does not allow."""

    program: str | None = Field(None, description="`no_licence_available`, `licences_in_use` and others: which program")
    purchased: int | None = Field(None, description="its licences that there are")
    assigned: int | None = Field(None, description="those held by users who are in")
    reserved: int | None = Field(None, description="those held by users whose invitation is open")
    remaining: int | None = Field(None, description="`reduction_scheduled`: those left after the waiting reductions")
    holders: list[Holder] | None = Field(None, description="`licences_in_use`: whose licences could be released")
    activated_by: str | None = Field(None, description="`already_activated`: the name of whoever did")
    activated_at: AwareDatetime | None = Field(None, description="`already_activated`: when")


class Since(HistoryEntry):
    """A change that came after the version that was seen."""

    yours: bool = Field(description="made by the caller, in another window")


class StaleRefused(Problem):
    """Somebody has saved since the version that was seen, or there is no such version."""

    access_version: int = Field(description="the present one")
    changes: list[Since] | None = Field(None, description="`stale_version`: what has changed since, the oldest first")


class ContentRefused(NobodyLeftRefused):
    """The content is wrong in itself."""

    most: int | None = Field(None, description="`too_many_items`, `order_out_of_range`: how many there may be")
    program: str | None = Field(None, description="`order_out_of_range`, `reduction_not_lower`: which program")
    left: int | None = Field(None, description="`reduction_not_lower`: how many licences there are by then")


REFUSALS: dict[int | str, dict[str, Any]] = {
    403: {"model": NotAllowedRefused, "description": "The caller may not do this"},
    409: {"model": NotNowRefused, "description": "Not as things stand"},
    422: {"model": ContentRefused, "description": "The content is wrong in itself"},
}
"""For routes that do something at a client."""

ON_A_VERSION: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The If-Match is no ETag of the matrix"},
    412: {"model": StaleRefused, "description": "Others have saved meanwhile"},
    428: {"model": Problem, "description": "There is no If-Match"},
}
"""For a Save."""
