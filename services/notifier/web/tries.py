"""The attempts at a mail as its routes show them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from chassis.db import Database
from services.notifier.domain.attempts import Phase
from services.notifier.store import attempts


class Try(BaseModel):
    """An attempt, by its codes alone: what a server writes beside them may name people, and is not kept."""

    at: datetime = Field(description="when it ended")
    phase: Phase = Field(
        description="how far it came: not offered (`before`), the server itself, the recipient, the content"
    )
    smtp_code: int | None
    enhanced_code: str | None = Field(description="such as 4.2.2 (RFC 3463), where the answer had one")
    reason: str | None = Field(description="a code; none where the mail was sent")


async def tries_of(database: Database, email_id: UUID) -> list[Try]:
    """The newest attempts, the oldest of them first."""
    return [Try(**row) for row in await attempts.of(database, email_id)]
