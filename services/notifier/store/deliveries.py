"""The delivery's side of mails: claims, leases and outcomes. Leases, and they alone, run on the database's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson

from chassis.announce import Source
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.notification import Template
from schemas.values import Locale
from services.notifier.domain.draft import WITH_CODES
from services.notifier.domain.mail import ACCEPTABLE, LEASED, TRANSMITTABLE, Mail
from services.notifier.store import attempts
from services.notifier.store.turns import WAITS

_SUBJECT = "e.client_id, e.agency, e.template, e.cause_id, e.correlation_id, e.causation_id, e.traceparent"
_MAIL = (
    "e.id, e.state, e.attempt, e.created_at, e.due_at, e.settled_at, e.smtp_code, e.reason, e.deferrals,"
    " e.deferred_since, e.uncounted"
)

_MAY_GO = """not exists (select from mail_gate where held)
                and not exists (select from erased_clients x where x.client_id = {mail}.client_id)"""
"""Asked when a mail is taken, and again when its content is about to go out."""

_DUE = "turn is not null and due_at <= $1"
_EARLY = "turn is null and due_at > $1 and reason = 'mail_server_unavailable' and deferred_since is null"


@dataclass(frozen=True, slots=True)
class Lane:
    """Mails that go to one relay: those of test clients have one of their own, or None at all."""

    test: bool
    relay: str | None


WORLD = Lane(False, None)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail in a worker's hands. `content` is None until it was about to go out for the first time. `superseded`: what
    it says is no longer so. `paced`: it was told to come again at this time."""

    id: UUID
    attempt: int
    template: Template
    cause_id: str
    recipient: str
    resend: int
    client_id: UUID
    client_name: str
    agency: str
    agency_name: str | None
    locale: Locale
    test: bool
    facts: Mapping[str, Any]
    created_at: datetime
    content: bytes | None
    superseded: bool
    paced: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A mail whose row is locked, with what an event about it carries."""

    mail: Mail
    client_id: UUID
    agency: str
    template: Template
    cause_id: str
    cause: Cause


async def claim(
    source: Source,
    now: datetime,
    limit: int,
    lease_seconds: float,
    worker: UUID,
    lane: Lane = WORLD,
    *,
    probe: Literal["due", "early"] | None = None,
) -> list[Claimed]:
    """Takes what is due in a lane, agency by agency in turn, unless the circuit of its relay is open: then a `probe`
    alone is taken; an `early` one is of those that wait for the mail server alone and are not due yet. Others' claims
    are passed over. Outside a unit of work it is committed when this returns."""
    when, order = (_EARLY, "due_at") if probe == "early" else (_DUE, "turn")
    rows = await source.fetch(
        f"""with due as (
             select id, client_id from emails
              where {WAITS} and {when} and test = $5
                and {_MAY_GO.format(mail="emails")}
                and ($7 or not exists (select from mail_circuits where relay = $6 and state <> 'closed'))
              order by {order}, id limit $2 for update skip locked)
           update emails e
              set state = 'sending', attempt = attempt + 1, worker = $3,
                  lease_until = clock_timestamp() + make_interval(secs => $4),
                  client_name = case when e.content is null then coalesce(r.name, e.client_name) else e.client_name end,
                  recipient = case when r.readdressed then r.confirmation_email else e.recipient end,
                  locale = case when r.readdressed then r.locale else e.locale end
             from due left join lateral (
                    select n.name, n.confirmation_email, n.locale,
                           m.template = 'confirmation' and m.content is null
                             and not m.recipient_chosen and not exists (
                             select from emails o
                              where o.template = m.template and o.cause_id = m.cause_id and o.resend = m.resend
                                and o.recipient = n.confirmation_email and o.id <> m.id) as readdressed
                      from renewed_clients n join emails m on m.id = due.id
                     where n.client_id = due.client_id) r on true
            where e.id = due.id
           returning e.id, e.attempt, e.template, e.cause_id, e.recipient, e.resend, e.client_id, e.client_name,
                     e.agency, e.locale, e.test, e.facts, e.created_at, e.content,
                     e.superseded_at is not null as superseded, e.reason is not distinct from 'email_paced' as paced,
                     (select name from agencies a where a.agency = e.agency) as agency_name""",  # noqa: S608  # constant text
        now,
        limit,
        worker,
        lease_seconds,
        lane.test,
        lane.relay,
        probe is not None,
    )
    return [Claimed(**{**row, "facts": orjson.loads(row["facts"])}) for row in rows]


async def transmit(source: Source, going_out: Sequence[tuple[Claimed, bytes]], lease_seconds: float) -> set[UUID]:
    """Notes that contents go out now, and the contents with it. Answers which of the mails are still ours, say what is
    still so, and may go. Outside a unit of work it is committed when this returns."""
    rows = await source.fetch(
        f"""update emails e
              set state = 'transmitting', content = n.content, transmitted_at = clock_timestamp(),
                  lease_until = clock_timestamp() + make_interval(secs => $4)
             from unnest($1::uuid[], $2::int[], $3::bytea[]) n(id, attempt, content)
            where e.id = n.id and e.attempt = n.attempt and e.state = any($5)
              and e.superseded_at is null and {_MAY_GO.format(mail="e")} returning e.id""",  # noqa: S608  # constant text
        [mail.id for mail, _ in going_out],
        [mail.attempt for mail, _ in going_out],
        [content for _, content in going_out],
        lease_seconds,
        TRANSMITTABLE,
    )
    return {row["id"] for row in rows}


async def lock(uow: UnitOfWork, mails: Sequence[tuple[UUID, int]]) -> dict[UUID, Held]:
    """Of these mails and attempts, those whose attempt is still the mail's last."""
    rows = await uow.connection.fetch(
        f"""select {_MAIL}, {_SUBJECT}
              from emails e join unnest($1::uuid[], $2::int[]) n(id, attempt) on e.id = n.id and e.attempt = n.attempt
             order by e.id for update of e""",  # noqa: S608  # constant text
        [id_ for id_, _ in mails],
        [attempt for _, attempt in mails],
    )
    return {row["id"]: _held(row) for row in rows}


async def lock_expired(uow: UnitOfWork, limit: int) -> list[Held]:
    """Mails whose worker did not come back within its lease."""
    rows = await uow.connection.fetch(
        f"""select {_MAIL}, {_SUBJECT} from emails e where state = any($1) and lease_until < clock_timestamp()
             order by lease_until limit $2 for update skip locked""",  # noqa: S608
        LEASED,
        limit,
    )
    return [_held(row) for row in rows]


async def accept(uow: UnitOfWork, mails: Sequence[tuple[UUID, int, int]]) -> list[Held]:
    """Of these mails, attempts and codes, those that are sent by that, as `settle` has it: with their new state."""
    rows = await uow.connection.fetch(
        f"""update emails e
              set state = 'sent', settled_at = $4, smtp_code = n.code, reason = null, turn = null,
                  lease_until = null, worker = null,
                  content = case when e.template = any($5) then null else e.content end
             from unnest($1::uuid[], $2::int[], $3::int[]) n(id, attempt, code)
            where e.id = n.id and e.attempt = n.attempt and e.state = any($6)
           returning {_MAIL}, {_SUBJECT}""",  # noqa: S608  # constant text
        [id_ for id_, _, _ in mails],
        [attempt for _, attempt, _ in mails],
        [code for _, _, code in mails],
        uow.now,
        WITH_CODES,
        ACCEPTABLE,
    )
    return [_held(row) for row in rows]


async def save(uow: UnitOfWork, mails: Sequence[Mail]) -> None:
    """Writes what became of mails whose rows are locked. A content with a code is kept no longer than for retries."""
    await uow.connection.execute(
        """update emails e
              set state = n.state, due_at = n.due_at, settled_at = n.settled_at, smtp_code = n.smtp_code,
                  reason = n.reason, deferrals = n.deferrals, deferred_since = n.deferred_since,
                  uncounted = n.uncounted, turn = null,
                  lease_until = null, worker = null,
                  content = case when n.settled_at is not null and e.template = any($10) then null else e.content end
             from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::text[],
                         $7::int[], $8::timestamptz[], $9::int[])
                    n(id, state, due_at, settled_at, smtp_code, reason, deferrals, deferred_since, uncounted)
            where e.id = n.id""",
        [mail.id for mail in mails],
        [mail.state for mail in mails],
        [mail.due_at for mail in mails],
        [mail.settled_at for mail in mails],
        [mail.smtp_code for mail in mails],
        [mail.reason for mail in mails],
        [mail.deferrals for mail in mails],
        [mail.deferred_since for mail in mails],
        [mail.uncounted for mail in mails],
        WITH_CODES,
    )
    await attempts.note(uow, mails)


async def give_up(uow: UnitOfWork, ids: Sequence[UUID] | None, by: str, why: str, limit: int) -> list[Held]:
    """At most so many of these mails, of all for None, that wait: a person says that they were sent, so that they count
    as unknown and go out no more by themselves. What was to be sent is not kept. Answers those that did wait."""
    which = "$1::uuid[] is null" if ids is None else "e.id = any($1::uuid[])"
    rows = await uow.connection.fetch(
        f"""with chosen as (select e.id from emails e where {which} and e.{WAITS} order by e.due_at, e.id limit $2),
                 given as (
             select e.id from emails e join chosen using (id) where e.{WAITS} order by e.id for update of e)
           update emails e
              set state = 'unknown', settled_at = $3, smtp_code = null, reason = 'email_outcome_unknown', turn = null,
                  content = null, given_up_by = $4, given_up_why = $5
             from given where e.id = given.id returning {_MAIL}, {_SUBJECT}""",  # noqa: S608  # constant text
        ids,
        limit,
        uow.now,
        by,
        why,
    )
    return [_held(row) for row in rows]


def _held(row: Any) -> Held:
    mail = Mail(
        row["id"],
        row["state"],
        row["attempt"],
        row["created_at"],
        row["due_at"],
        row["settled_at"],
        row["smtp_code"],
        row["reason"],
        row["deferrals"],
        row["deferred_since"],
        row["uncounted"],
    )
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    return Held(mail, row["client_id"], row["agency"], row["template"], row["cause_id"], cause)
