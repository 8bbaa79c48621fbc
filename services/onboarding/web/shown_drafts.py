"""What is shown of drafts: what was typed, masked, with what the rule book says to it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.onboarding.domain.draft_content import BESIDE, STEPS, StepState, inspect, shown
from services.onboarding.domain.drafts import Draft
from services.onboarding.drafting import Looked
from services.onboarding.web.draft_bodies import ListedDraft, ShownDraft, StepShown
from services.onboarding.web.remarks import remark, remarks


def listed_draft(draft: Draft, now: datetime, today: date) -> ListedDraft:
    """One row of the list."""
    states = inspect(draft.content, today).steps if draft.standing(now) == "draft" else {}
    return ListedDraft.model_validate(_common(draft, now, today, states))


def shown_draft(looked: Looked, now: datetime, today: date) -> ShownDraft:
    """One draft, whole."""
    draft, inspection = looked.draft, looked.inspection
    content = _content(draft, now, today)
    return ShownDraft.model_validate(
        _common(draft, now, today, {} if inspection is None else inspection.steps)
        | {name: content.get(name) for name in (*STEPS.values(), *BESIDE, "set_aside")}
        | {
            "errors": [] if inspection is None else list(map(remark, inspection.errors)),
            "warnings": remarks(looked.warnings),
        }
    )


def _common(draft: Draft, now: datetime, today: date, states: Mapping[int, StepState]) -> dict[str, Any]:
    details = _content(draft, now, today).get("details")
    name = details.get("name") if isinstance(details, Mapping) else None
    return {
        "draft_id": draft.draft_id,
        "version": draft.version,
        "status": draft.standing(now),
        "agency": draft.agency,
        "name": name if isinstance(name, str) else None,
        "steps": [StepShown(step=step, name=STEPS[step], state=state) for step, state in states.items()],
        "created_by": draft.created_by.model_dump(),
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
        "expires_at": draft.expires_at,
        "client_id": draft.client_id,
    }


def _content(draft: Draft, now: datetime, today: date) -> Mapping[str, Any]:
    masked: Mapping[str, Any] = shown(draft.content, today) if draft.standing(now) == "draft" else {}
    return masked
