"""The shape of a refusal of onboarding: beside what every problem has, what some codes tell more."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from chassis.problems import Problem
from services.onboarding.web.acts import ChangeShown
from services.onboarding.web.draft_bodies import ShownDraft
from services.onboarding.web.remarks import Remark


class RefusedHere(Problem):
    """A refusal. What stands behind the texts belongs to single codes, and is left out elsewhere."""

    model_config = ConfigDict(extra="ignore")

    warnings: list[Remark] | None = Field(None, description="of a content: fields that are not known, and not read")
    client_id: UUID | None = Field(None, description="the client that is there already, or that a draft has become")
    request_id: UUID | None = Field(None, description="`request_pending`: what is not answered yet")
    version: int | None = Field(None, description="`stale_version`, `unknown_version`: the present one")
    edition: int | None = Field(None, description="`stale_version` of a client: the present one")
    changes: list[ChangeShown] | None = Field(None, description="`stale_version` of a client: what others did since")
    draft: ShownDraft | None = Field(None, description="`stale_version` of a draft: as it is now")
    activated_by: str | None = Field(None, description="`already_activated`: the name of whoever did")
    activated_at: datetime | None = Field(None, description="`already_activated`: when")
    from_: str | None = Field(None, alias="from", description="`invalid_transition`: the client's state")
    to: str | None = Field(None, description="`invalid_transition`: what it would have come to")
    allowed: list[str] | None = Field(None, description="`invalid_transition`: what it can come to")
    roles: list[str] | None = Field(None, description="`not_allowed`: any of these roles would do")
    reason: str | None = Field(None, description="`invalid_csv`: what of the file's form is wrong")
    columns: list[str] | None = Field(None, description="`invalid_csv`: columns that are missing")
    places: list[int] | None = Field(None, description="`invalid_csv`: which columns of the header, from 1")
    line: int | None = Field(None, description="`invalid_csv`: the line of the file")
    largest_bytes: int | None = Field(
        None, description="`payload_too_large`: the bound that was passed; as those below"
    )
    most_rows: int | None = None
    most_columns: int | None = None
    most: int | None = Field(None, description="how many there may be: drafts, sources")
    retry_after_seconds: int | None = Field(None, description="`rate_limited`, `reveal_limit`: when to come again")
    differs: list[str] | None = Field(None, description="`source_differs`: in what")
    topics: list[str] | None = Field(None, description="`source_topics_missing`: which")


REFUSALS: dict[int | str, dict[str, Any]] = {"4XX": {"model": RefusedHere, "description": "Refused; `code` says why"}}
