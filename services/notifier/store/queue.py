"""Queues mails: the transaction that learns of a fact also queues what is mailed about it."""

from collections.abc import Sequence

import orjson

from chassis.ids import uuid7
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.draft import Draft
from services.notifier.store import recalled
from services.notifier.store.turns import turns

COLUMNS = [
    "id",
    "template",
    "cause_id",
    "recipient",
    "resend",
    "client_id",
    "agency",
    "client_name",
    "locale",
    "test",
    "facts",
    "requested_by",
    "requested_why",
    "recipient_chosen",
    "correlation_id",
    "causation_id",
    "traceparent",
    "created_at",
    "due_at",
    "turn",
]


async def queue(uow: UnitOfWork, drafts: Sequence[Draft]) -> None:
    """Adds mails, due at once. Raises asyncpg.UniqueViolationError where one is there already."""
    if not drafts:
        return
    await uow.connection.copy_records_to_table(
        "emails",
        columns=COLUMNS,
        records=[
            (
                draft.id or uuid7(),
                draft.template,
                draft.cause_id,
                draft.recipient,
                draft.resend,
                draft.client_id,
                draft.agency,
                draft.client_name,
                draft.locale,
                draft.test,
                orjson.dumps(dict(draft.facts)).decode(),
                draft.requested_by,
                draft.requested_why,
                draft.recipient_chosen,
                draft.correlation_id,
                draft.causation_id,
                draft.traceparent,
                uow.now,
                uow.now,
                turn,
            )
            for draft, turn in zip(drafts, await turns(uow, drafts), strict=True)
        ],
    )
    await recalled.settle(uow)
