"""Owns the look at a client's open invitations with their codes, without the mail: on this machine's own stack."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from chassis.link_keys import LinkKeys

SECONDS = 10.0

_OPEN = """select i.invitation_id, i.user_id, u.name, u.email, i.kid, i.generation, i.expires_at
  from invitations i join users u using (client_id, user_id)
 where i.client_id = $1 and ($2::uuid is null or i.user_id = $2) and i.state = 'open' and i.expires_at > now()
 order by u.name, i.user_id limit 1000"""


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """Who is invited, and what the link in their mail holds."""

    invitation_id: UUID
    user_id: UUID
    name: str
    email: str
    code: str
    expires_at: datetime


async def open_invitations(dsn: str, keys: Path, client_id: UUID, user_id: UUID | None) -> list[OpenInvitation]:
    """Raises ValueError where there are no keys in the file, OSError where it or the database cannot be read."""
    links = LinkKeys.from_file(keys)
    try:
        connection = await asyncpg.connect(dsn, timeout=SECONDS, command_timeout=SECONDS)
        try:
            rows = await connection.fetch(_OPEN, client_id, user_id)
        finally:
            await connection.close(timeout=SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConnectionError(type(error).__name__) from error
    return [
        OpenInvitation(
            row["invitation_id"],
            row["user_id"],
            row["name"],
            row["email"],
            links.code(row["kid"], row["invitation_id"], row["generation"]),
            row["expires_at"],
        )
        for row in rows
    ]
