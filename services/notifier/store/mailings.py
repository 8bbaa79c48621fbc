"""Stores what events mean for mails: new ones, such as are called back, and readers who are forgotten."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.agency import Consultant
from services.notifier.domain.draft import WITH_CODES, Draft, one_each
from services.notifier.domain.news import ClientNews
from services.notifier.domain.notices import addressed
from services.notifier.domain.overtaking import Overtaken
from services.notifier.store.queue import queue
from services.notifier.store.turns import WAITS

_CALL_BACK = f"""
with gone as (
  select e.id, e.{WAITS} as waits
    from emails e, unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
                     o(client_id, template, reader, cause, but)
   where e.client_id = o.client_id and e.template = o.template and e.superseded_at is null
     and (o.reader is null or e.reader = o.reader)
     and starts_with(e.cause_id, o.cause) and not e.cause_id = any(string_to_array(o.but, ' '))
   order by e.id for update of e)
update emails e
   set superseded_at = $6,
       state = case when waits then 'withheld' else state end,
       settled_at = case when waits then $6 else settled_at end,
       reason = case when waits then 'email_superseded' else reason end,
       content = case when waits and template = any($7) then null else content end
  from gone where e.id = gone.id"""  # noqa: S608  # constant text
"""What is in a worker's hands stays there; it does not go out any more unless its content is on its way already."""

_FORGET = """
with gone as (
  select e.id, e.{waits} as waits, e.lease_until is not null as leased
    from emails e where {whose} and not e.forget order by e.id for update of e)
update emails e
   set superseded_at = coalesce(superseded_at, $3), forget = leased,
       state = case when waits then 'withheld' else state end,
       settled_at = case when waits then $3 else settled_at end,
       reason = case when waits then 'email_superseded' else reason end,
       reader = case when leased then reader end,
       recipient = case when leased then recipient else 'erased/' || e.id end,
       facts = case when leased then facts else '{{}}' end,
       requested_why = case when leased then requested_why end, given_up_why = null,
       content = case when leased then content end
  from gone where e.id = gone.id"""

_FORGET_USERS = _FORGET.format(
    waits=WAITS,
    whose="(e.client_id, e.reader) in (select * from unnest($1::uuid[], $2::text[])) and e.reader is not null",
)
_FORGET_CONSULTANTS = _FORGET.format(
    waits=WAITS, whose="(e.agency, e.reader) in (select * from unnest($1::text[], $2::text[])) and e.reader is not null"
)

# Whoever invited, asked or handed over is named in others' mails. What was offered once keeps its bytes until it has
# ended.
_FORGET_NAMES = """
update emails e
   set facts = jsonb_set(facts, '{{by,name}}', '""'), content = case when settled_at is null then content end
  from {whose} and e.facts->'by'->>'sub' = u.sub and e.facts->'by'->>'sub' is not null"""

_FORGET_NAMES_OF_USERS = _FORGET_NAMES.format(
    whose="unnest($1::uuid[], $2::text[]) u(client_id, sub) where e.client_id = u.client_id"
)
_FORGET_NAMES_OF_CONSULTANTS = _FORGET_NAMES.format(
    whose="unnest($1::text[], $2::text[]) u(agency, sub) where e.agency = u.agency"
)

_FORGET_LATE = """
update emails
   set forget = false, reader = null, recipient = 'erased/' || id, facts = '{}', requested_why = null,
       given_up_why = null, content = null
 where forget and lease_until is null"""

_FORGET_NAMES_LATE = """
update emails set content = null
 where content is not null and facts->'by'->>'name' = '' and settled_at is not null"""


async def save(uow: UnitOfWork, told: Sequence[ClientNews]) -> None:
    """Calls back first: what this batch queues is not overtaken by what came before it."""
    clients = [(news.key.client_id, news) for news in told if news.key.client_id is not None]
    await _call_back(uow, [(key, each) for key, news in clients for each in dict.fromkeys(news.overtaken)])
    await _forget_users(uow, [(key, each) for key, news in clients for each in sorted(news.forgotten)])
    people = await _consultants(uow, {news.key.agency for news in told if news.notices})
    await queue(uow, [draft for news in told for draft in _all(news, people.get(news.key.agency, {}))])


async def forget_consultants(uow: UnitOfWork, gone: Iterable[tuple[str, str]]) -> None:
    """What was mailed to consultants (agency, subject) who have left: who it was, and the text; and their names in
    others' mails."""
    pairs = list(gone)
    if pairs:
        agencies, subs = map(list, zip(*pairs, strict=True))
        await uow.connection.execute(_FORGET_CONSULTANTS, agencies, subs, uow.now)
        await uow.connection.execute(_FORGET_NAMES_OF_CONSULTANTS, agencies, subs)


async def forget_late(uow: UnitOfWork) -> int:
    """Blanks mails that were in a worker's hands when their reader was forgotten, and contents that waited with the
    name of somebody who was; answers how many."""
    done = [await uow.connection.execute(each) for each in (_FORGET_LATE, _FORGET_NAMES_LATE)]
    return sum(int(each.split()[-1]) for each in done)


def _all(news: ClientNews, consultants: Mapping[str, Consultant]) -> list[Draft]:
    noticed = [draft for notice in news.notices for draft in addressed(notice, consultants)]
    return one_each((*news.drafts, *noticed))


async def _call_back(uow: UnitOfWork, overtaken: Sequence[tuple[UUID, Overtaken]]) -> None:
    if overtaken:
        await uow.connection.execute(
            _CALL_BACK,
            [client_id for client_id, _ in overtaken],
            [each.template for _, each in overtaken],
            [each.reader for _, each in overtaken],
            [each.cause for _, each in overtaken],
            [" ".join(sorted(each.but)) for _, each in overtaken],
            uow.now,
            WITH_CODES,
        )


async def _forget_users(uow: UnitOfWork, users: Sequence[tuple[UUID, str]]) -> None:
    if users:
        clients, readers = map(list, zip(*users, strict=True))
        await uow.connection.execute(_FORGET_USERS, clients, readers, uow.now)
        await uow.connection.execute(_FORGET_NAMES_OF_USERS, clients, readers)


async def _consultants(uow: UnitOfWork, agencies: Iterable[str]) -> dict[str, dict[str, Consultant]]:
    wanted = sorted(agencies)
    found: dict[str, dict[str, Consultant]] = {}
    for row in (
        await uow.connection.fetch(
            "select agency, sub, name, email, locale, roles from consultants where agency = any($1::text[])", wanted
        )
        if wanted
        else ()
    ):
        one = Consultant(row["sub"], row["name"], row["email"], row["locale"], tuple(row["roles"]))
        found.setdefault(row["agency"], {})[row["sub"]] = one
    return found
