"""Queues mails: the transaction that learns of a fact also queues what is mailed about it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from chassis.adding import add_rows
from chassis.ids import uuid7
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.draft import Draft
from services.notifier.store import recalled
from services.notifier.store.turns import turns

COLUMNS = (
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
    "reader",
    "superseded_at",
    "state",
    "settled_at",
    "reason",
)

_ADD_MISSING = f"""insert into emails ({", ".join(COLUMNS)})
  values ({", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))})
  on conflict (template, cause_id, recipient, resend) do nothing"""  # noqa: S608  # names of our own


async def queue(uow: UnitOfWork, drafts: Sequence[Draft]) -> None:
    """Adds mails, due at once; those that say what is no longer so are noted and not sent.

    Raises asyncpg.UniqueViolationError where one is there already that is not queued `unless_there`.
    """
    if not drafts:
        return
    placed = list(zip(drafts, await turns(uow, drafts), strict=True))
    records = [_record(each, turn, uow.now) for each, turn in placed if not each.unless_there]
    await add_rows(uow.connection, "emails", COLUMNS, records)
    missing = [_record(each, turn, uow.now) for each, turn in placed if each.unless_there]
    if missing:
        await uow.connection.executemany(_ADD_MISSING, missing)
    await recalled.settle(uow, {each.client_id for each in drafts})


def _record(draft: Draft, turn: int, now: datetime) -> tuple[Any, ...]:
    superseded = (now, "withheld", now, "email_superseded") if draft.superseded else (None, "pending", None, None)
    return (
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
        now,
        now,
        turn,
        draft.reader,
        *superseded,
    )
