"""The mails that outcomes are said of, each with the people of its client; and the bells that tell of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.bell import Staff
from services.notifier.domain.mailed import Mailed
from services.notifier.domain.news import ClientKey, ClientNews
from services.notifier.store import agencies, bells, people

# A bell of the same mail, sent before or as often: what is said of this one changes its text.
_SAME = """b.client_id = n.client_id and b.kind in ('email_failed', 'email_unknown') and b.handled_at is null
       and b.facts->>'template' = n.template and b.facts->>'cause' = n.cause_id
       and (b.facts->>'resend')::int <= n.resend"""


async def load(uow: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, Mailed]:
    """Those of the mails that we have."""
    rows = await uow.connection.fetch(
        f"""select n.id, n.client_id, n.agency, n.client_name, n.test, n.resend,
                   exists (select from bells b where {_SAME}) as rung
              from emails n where n.id = any($1::uuid[])""",  # noqa: S608  # names of our own
        ids,
    )
    clients = sorted({row["client_id"] for row in rows})
    staff = await agencies.staff(uow, sorted({row["agency"] for row in rows})) if rows else {}
    theirs = await people.load(uow, clients) if clients else {}
    found = {}
    for row in rows:
        known = theirs.get(row["client_id"], frozenset())
        news = ClientNews(ClientKey(row["agency"], row["client_id"]), staff.get(row["agency"], Staff()), people=known)
        found[row["id"]] = Mailed(news, row["client_name"], row["test"], row["resend"], rung=row["rung"])
    return found


async def save(uow: UnitOfWork, changed: Mapping[UUID, Mailed]) -> None:
    """Rings what is new, then says of what was told whether the mail has arrived since."""
    await bells.save(uow, [bell for each in changed.values() for bell in each.news.bells if bell.id is None])
    arrived = {key: each.arrived_at for key, each in changed.items() if each.arrived_at is not None}
    if not arrived:
        return
    rows = await uow.connection.fetch(
        f"""update bells b set handled_how = 'sent', handled_at = n.at
             from (select e.client_id, e.template, e.cause_id, e.resend, a.at
                     from emails e join unnest($1::uuid[], $2::timestamptz[]) a(id, at) on a.id = e.id) n
            where {_SAME} returning b.id""",  # noqa: S608  # names of our own
        list(arrived),
        list(arrived.values()),
    )
    await bells.poke_readers(uow, [row["id"] for row in rows])
