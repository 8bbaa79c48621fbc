"""The steps of a client's way that the notifier knows of, for `aktivera trace`."""

from collections.abc import Sequence
from uuid import UUID

from chassis.db import Database
from chassis.service import Step
from services.notifier.domain.addresses import masked


async def trace(database: Database, client_id: str | None, correlation_id: str | None) -> Sequence[Step]:
    """Mails and bells of a client, or of one correlation."""
    client = _uuid(client_id)
    if client is None and correlation_id is None:
        return []
    return [
        *await _mails(database, client, correlation_id),
        *await _bells(database, client, correlation_id),
    ]


async def _mails(database: Database, client: UUID | None, correlation_id: str | None) -> list[Step]:
    steps = []
    for row in await database.fetch(
        """select template, recipient, resend, requested_by, state, attempt - uncounted as attempts, created_at, due_at,
                  settled_at, smtp_code, reason, given_up_by
             from emails
            where client_id = $1 or correlation_id = $2 order by id""",
        client,
        correlation_id,
    ):
        mail = {"template": row["template"], "to": masked(row["recipient"])}
        if row["resend"]:
            mail |= {"resend": row["resend"], "by": row["requested_by"]}
        steps.append(Step(row["created_at"], "email.queued", mail))
        came_to = {**mail, "attempts": row["attempts"], "smtp_code": row["smtp_code"], "reason": row["reason"]}
        if row["given_up_by"] is not None:
            came_to["given_up_by"] = row["given_up_by"]
        if row["settled_at"] is not None:
            steps.append(Step(row["settled_at"], f"email.{row['state']}", came_to))
        elif row["state"] == "retry":
            steps.append(Step(row["due_at"], "email.next_attempt", came_to))
    return steps


async def _bells(database: Database, client: UUID | None, correlation_id: str | None) -> list[Step]:
    steps = []
    for row in await database.fetch(
        """select b.kind, b.audience, b.waiting, b.created_at, b.handled_how, b.handled_at,
                  n.sub, n.created_at as raised_at, n.seen_at, n.read_at, n.archived_at
             from bells b left join notifications n on n.bell_id = b.id
            where b.client_id = $1 or b.correlation_id = $2 order by b.id, n.seq""",
        client,
        correlation_id,
    ):
        bell = {"kind": row["kind"], "audience": row["audience"]}
        if row["waiting"]:
            steps.append(Step(row["created_at"], "notification.waiting", bell))
        steps += [
            Step(row[f"{what}_at"], f"notification.{what}", {**bell, "sub": row["sub"]})
            for what in ("raised", "seen", "read", "archived")
            if row[f"{what}_at"] is not None
        ]
    return steps


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None
