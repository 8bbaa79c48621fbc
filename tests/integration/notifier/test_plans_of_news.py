"""What the notifier does on hearing of a client, a person or a mail reads no table whole, among 100,000 clients."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.fold import Fold, read
from chassis.unit_of_work import UnitOfWork
from schemas.agency import ConsultantRemovedV1
from schemas.catalogue import CATALOGUE
from schemas.notification import EmailFailedV1, EmailSentV1
from schemas.values import Person, Recipient
from services.notifier.domain.kinds import KINDS
from services.notifier.store import deliveries, erasure, inbox, people, preferences, recalled, retention
from tests.integration.activation.test_plans import OfOne, Watched
from tests.integration.in_process import Heard
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_bell_people import outcome, refused
from tests.integration.notifier.test_erasure import erased
from tests.integration.notifier.test_plans import FILL as MAILS
from tests.integration.notifier.test_renewal import updated
from tests.unit.notifier import mail_events as events
from tests.unit.notifier.events import activated, consultant, event_of, listed

FILL = (
    MAILS,
    "insert into agencies (agency, name) select 'byra-' || n, 'Byrå ' || n from generate_series(0, 499) n",
    """insert into consultants (agency, sub, name, email, locale, roles)
       select 'byra-' || n % 500, 'karin-' || n, 'Karin', 'karin-' || n || '@b.se', 'sv', '{client_manager}'
         from generate_series(1, 5000) n""",
    """insert into bells (id, client_id, agency, kind, cause_id, client_name, test, audience, waiting, correlation_id,
                          created_at, about, about_sub, handled_how, handled_by, handled_by_sub, handled_at)
       select gen_random_uuid(), e.client_id, e.agency, k, e.client_id || k, e.client_name, false, 'creator', false,
              e.correlation_id, now() - interval '1 hour', 'Erik', 'erik', h, 'Karin', 'karin',
              case when h is not null then now() end
         from emails e, (values ('client_listed', 'activated'), ('reminder_due', null)) as k(k, h)
        where k = 'client_listed' or e.state <> 'sent' or e.client_id = lpad('4d', 32, '0')::uuid""",
    """insert into notifications (id, bell_id, agency, sub, seq, created_at)
       select gen_random_uuid(), id, agency, 'karin', row_number() over (partition by agency order by id), created_at
         from bells where substring(id::text, 1, 1) < '4'""",
    "insert into bell_counters select agency, sub, max(seq) from notifications group by agency, sub",
    """insert into client_people select client_id, 'karin-' || (row_number() over ()) % 500, relation
         from emails, unnest('{creator}'::text[]) as relation""",
    """insert into renewed_clients select client_id, client_name, 'a@b.se', 'sv' from emails""",
    """insert into recalled_mails select gen_random_uuid(), template, cause_id || '-', client_id, 'sent', 250, now()
         from emails""",
    """insert into erased_clients select gen_random_uuid(), now() - n * interval '1 hour'
         from generate_series(1, 20000) n""",
)
LARGE = {
    "emails", "bells", "notifications", "bell_counters", "client_people", "renewed_clients", "recalled_mails",
    "erased_clients", "consultants",
}  # fmt: skip
PARTS = {"emails_due", "emails_forget", "emails_nameless", "bells_waiting"}
"""Indexes of the few rows that wait for something."""

MANY = re.compile(r"\s*insert\s.*\svalues\s*\(", re.DOTALL)
FIRST = "select exists (select from recalled_mails)"

CLIENT, AGENCY = UUID(int=77), "byra-77"
ERIK = Person(sub="erik", name="Erik")


@pytest.fixture
async def full(running: Running, infra: Any) -> Running:
    await running.owner_does(infra.superuser_dsn, *FILL, "analyze")
    return running


def heard() -> list[list[Any]]:
    """Batches of events of every kind, each of one topic; all about one client of one agency."""
    user = uuid4()
    lisa = Recipient(sub="lisa", name="Lisa", email="lisa@example.se", locale="sv")
    karin = Recipient(sub="karin-77", name="Karin")
    of_activation = [
        events.reminder_due(CLIENT, 2),
        events.invited(CLIENT, user, 3, invited_by=ERIK),
        events.invitation_changed(CLIENT, user, "expired", 4),
        events.invitation_changed(CLIENT, user, "resent", 5),
        events.accepted(CLIENT, user, 6),
        events.over_assigned(CLIENT, lisa, karin, version=7),
        events.licences_changed(CLIENT, 5, 8),
        events.handed_over(CLIENT, karin, version=9),
        events.reassigned(CLIENT, "karin-77", ERIK, version=10),
        events.disconnection_requested(CLIENT, user, version=11),
        events.disconnection_settled(CLIENT, "withdrawn", 12),
        events.removed(CLIENT, user, 13, sub="lisa"),
        activated(CLIENT, ERIK).model_copy(update={"sequence": "14"}),
        events.snapshot(CLIENT, 15),
    ]
    of_agency = [
        consultant("erik", "client_manager", agency=AGENCY),
        event_of(ConsultantRemovedV1(agency=AGENCY, sub="erik"), 2),
    ]
    mail = {"id": CLIENT, "client_id": CLIENT, "template": "confirmation", "cause_id": "c-119"}
    unheard_of = [outcome(EmailSentV1, {**mail, "id": uuid4()}), outcome(EmailFailedV1, {**mail, "id": uuid4()})]
    return [
        [listed(CLIENT, agency=AGENCY)],
        [
            event.model_copy(update={"data": event.data.model_copy(update={"agency": AGENCY})})
            for event in of_activation
        ],
        of_agency,
        [refused().model_copy(update={"subject": AGENCY})],
        [outcome(EmailFailedV1, mail), outcome(EmailSentV1, mail), *unheard_of],
        [updated(CLIENT)],
        [erased(CLIENT, 2)],
    ]


async def hear(running: Running, uow: UnitOfWork, batch: list[Any]) -> None:
    records = [Heard.of(each) for each in batch]
    subscription = running.context.subscriptions[running.context.common.topic_prefix + records[0].topic]
    done = await Fold(uow, subscription, CATALOGUE, {}).apply([read(each, subscription, CATALOGUE) for each in records])
    assert done.holds == []


def idle(query: str, asked: Any) -> bool:
    """Whether a query has no plan to look at: many rows of values, a look at the first row, or nothing asked for."""
    return bool(MANY.match(query)) or query == FIRST or [] in asked


async def asked_for(one: Any) -> None:
    """Everything that somebody's console asks of the bell."""
    for shown in (None, "unseen", "unread", "read", "archived"):
        await inbox.page(one, AGENCY, "karin", shown, None, None, 51)
    await inbox.page(one, AGENCY, "karin", None, "bolag", 90, 51)
    await inbox.since(one, AGENCY, "karin", 10, 50)
    await inbox.numbered(one, AGENCY, "karin", [3, 9])
    await inbox.standing(one, [(AGENCY, "karin"), (AGENCY, "erik")])
    await inbox.count(one, AGENCY, "karin")
    await preferences.of_user(one, AGENCY, "karin")
    await people.sees_own_only(one, AGENCY)


async def test_no_query_about_clients_people_and_bells_reads_a_whole_table(full: Running) -> None:
    watched = Watched()
    async with full.context.database.unit_of_work() as uow:
        with watched.on(uow):
            for batch in heard():
                await hear(full, uow, batch)
            await asked_for(OfOne(uow))
            await preferences.change(uow, AGENCY, "karin", dict.fromkeys(KINDS, False))
            await recalled.settle(uow, [CLIENT])
            for ids in ([CLIENT], None):
                await deliveries.give_up(uow, ids, "op", "", 9)
            await erasure.blank_late(uow)
            await retention.forget_old(uow)
        watched.queries = [(query, asked) for query, asked in watched.queries if not idle(query, asked)]
        assert len(watched.queries) > 80
        assert await watched.scans(uow, LARGE, PARTS) == []
