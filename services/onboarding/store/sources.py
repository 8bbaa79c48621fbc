"""Upstream sources: loaded locked to be set up, read to be shown and to be listened to; every act on one is kept."""

from collections.abc import Sequence
from typing import Any

import orjson

from chassis.db import Database
from chassis.handling import Change
from chassis.unit_of_work import UnitOfWork
from schemas.topics import requests_topic, results_topic
from services.onboarding.domain.sources import Act, Source, Standing, attribute_of

_COLUMNS = "slug, source, agencies, may, test, state, added_at"


def topics_of(slug: str | None) -> tuple[str, str]:
    """The pair of topics of a source: what it sends, what it is told."""
    return requests_topic(slug), results_topic(slug)


async def load(uow: UnitOfWork, keys: Sequence[str]) -> dict[str, Standing]:
    """What there is of each slug; the table is locked against others that set up sources, not against readers."""
    await uow.connection.execute("lock table sources in share row exclusive mode")
    count = await uow.connection.fetchval("select count(*) from sources where state <> 'removed'")
    rows = await uow.connection.fetch(
        f"select {_COLUMNS} from sources where source = any($1::text[])",  # noqa: S608  # column names only
        [attribute_of(slug) for slug in keys],
    )
    found = {row["source"]: _source(row) for row in rows}
    return {slug: Standing(found.get(attribute_of(slug)), count) for slug in keys}


async def save(uow: UnitOfWork, changes: Sequence[Change[str, Standing]]) -> None:
    """Stores sources, and who made them so."""
    for change in changes:  # operators set up one at a time
        source = change.after.source
        assert source is not None
        requests, results = topics_of(source.slug)
        await uow.connection.execute(
            """insert into sources (source, slug, topic, results_topic, agencies, may, test, state, added_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               on conflict (source) do update set agencies = excluded.agencies, may = excluded.may,
                 state = excluded.state, added_at = excluded.added_at""",
            source.source,
            source.slug,
            requests,
            results,
            None if source.agencies is None else sorted(source.agencies),
            sorted(source.may),
            source.test,
            source.state,
            source.added_at,
        )
        if source.act is not None:
            await uow.connection.execute(
                "insert into source_acts (source, at, what, by, detail) values ($1, $2, $3, $4, $5)",
                source.source,
                uow.now,
                source.act.what,
                source.act.by,
                orjson.dumps(dict(source.act.detail)).decode(),
            )


async def begin_anew(uow: UnitOfWork, topic: str) -> None:
    """Forgets how far a removed source's topic was read, since the topic may have been made anew meanwhile.

    Where it was not, what it still holds is answered again and changes nothing.
    """
    await uow.connection.execute("delete from consumer_offsets where topic = $1", topic)


async def all_of(database: Database) -> list[Source]:
    """All sources, the first one first."""
    rows = await database.fetch(
        f"select {_COLUMNS} from sources order by slug nulls first"  # noqa: S608  # column names only
    )
    return [_source(row) for row in rows]


async def acts(database: Database, source: str, limit: int = 100) -> list[tuple[Any, Act]]:
    """What was done with a source, the newest first: (when, what)."""
    rows = await database.fetch(
        "select at, what, by, detail from source_acts where source = $1 order by id desc limit $2", source, limit
    )
    return [(row["at"], Act(row["what"], row["by"], orjson.loads(row["detail"]))) for row in rows]


def _source(row: Any) -> Source:
    return Source(
        row["slug"],
        row["source"],
        None if row["agencies"] is None else frozenset(row["agencies"]),
        frozenset(row["may"]),
        row["test"],
        row["state"],
        row["added_at"],
    )
