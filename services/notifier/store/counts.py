"""Counts of mails for the metrics: of what is not sent alone, each by an index, so that its cost goes by what waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.db import Database
from services.notifier.store.gate import RESENT, UNMADE
from services.notifier.store.turns import WAITS

# Two conditions on the state, as elsewhere: the first is that of an index.
_COUNTS = f"""
select state, template, count(*) as mails, min(created_at) as since from emails e
 where {WAITS} group by state, template
union all
select 'unmade', template, count(*), min(deferred_since) from emails e where {WAITS} and {UNMADE} group by template
union all
select state, template, count(*), min(coalesce(transmitted_at, created_at)) from emails e
 where state in ('sending', 'transmitting') group by state, template
union all
select state, template, count(*), min(settled_at) from emails e
 where state in ('failed', 'unknown', 'withheld') and state = 'unknown'
   and settled_at > now() - interval '30 days' and not {RESENT} group by state, template
union all
select state, template, count(*), min(settled_at) from emails e
 where state in ('failed', 'unknown', 'withheld') and state = 'failed'
   and settled_at > now() - interval '1 day' group by state, template"""  # noqa: S608  # constant text


@dataclass(frozen=True, slots=True)
class Counts:
    """By (state, template): how many, and since when the oldest of them; `unmade` are those of the ones that wait which
    could not be made. `held`: whether all are held back."""

    held: bool
    mails: Mapping[tuple[str, str], tuple[int, datetime]]


async def count(database: Database) -> Counts:
    """What waits or is on its way; `unknown` of 30 days that nobody had sent again; `failed` of the last day."""
    held: Any = await database.fetchrow("select held from mail_gate")
    rows = await database.fetch(_COUNTS)
    return Counts(held["held"], {(row["state"], row["template"]): (row["mails"], row["since"]) for row in rows})
