"""What the routes of drafts take and give."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, RootModel

from services.onboarding.domain.draft_content import StepState
from services.onboarding.domain.drafts import DraftStatus
from services.onboarding.web.remarks import Remark
from services.onboarding.web.shapes import By


class DraftBody(RootModel[dict[str, Any]]):
    """Any of the three steps, partial, and what may stand beside them; see POST /v1/clients for their form."""

    model_config = ConfigDict(
        hide_input_in_errors=True,
        json_schema_extra={"example": {"access": {"program_access": True, "invoice_interval": "quarter"}}},
    )


class StepShown(BaseModel):
    """How far a step is."""

    step: int
    name: str
    state: StepState


class ListedDraft(BaseModel):
    """One row of the list of drafts. `name` is the client's, as far as it was typed."""

    draft_id: UUID
    version: int
    status: DraftStatus
    agency: str
    name: str | None
    steps: list[StepShown]
    created_by: By
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    client_id: UUID | None


class ShownDraft(ListedDraft):
    """One draft: what was typed, no personal number but its mask, and what the rule book says to it.

    `set_aside` is what step 3 ordered before step 1 said that there is no program access.
    """

    access: Any
    details: Any
    licences: Any
    set_aside: Any
    external_ref: Any
    responsible_consultant: Any
    locale: Any
    confirm_duplicate: Any
    connected: Any
    administrators: Any
    errors: list[Remark]
    warnings: list[Remark]


class DraftPage(BaseModel):
    """A page of drafts; `next` is the cursor of the following one."""

    items: list[ListedDraft]
    next: str | None
