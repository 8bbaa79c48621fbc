"""What a contestant left behind, as one digest for each table: equal, or its result is void."""

from collections.abc import Mapping

import asyncpg

# Ids and moments differ between any two runs and are left out, and of a trace the span; all else counts.
_OUTBOX = """
select topic, key, aggregate_id, version, headers - 'ce_id' as headers,
       jsonb_set(body - 'id' - 'time' #- '{data,listed_at}', '{traceparent}',
                 to_jsonb(left(body ->> 'traceparent', 36)))
  from (select *, convert_from(payload, 'utf8')::jsonb as body from outbox) o"""

TABLES = {
    "activations": "select to_jsonb(a) - 'listed_at' from activations a",
    "licences": "select * from licences",
    "users": "select to_jsonb(u) - 'logged_in_at' from users u",
    "grants": "select to_jsonb(g) - 'granted_at' from grants g",
    "seen_versions": "select producer, aggregate_id, version, event_id from seen_versions",
    "consumer_offsets": "select * from consumer_offsets where next_offset > 0",
    "outbox": _OUTBOX,
    "held_events": "select topic, key, partition, kafka_offset, version, event_id, reason from held_events",
    "held_keys": "select topic, key from held_keys",
}

Outcome = dict[str, tuple[int, int]]
"""Table → number of rows, and a sum of their hashes that knows no order."""


async def outcome(dsn: str) -> Outcome:
    """Reads every table of one database."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set statement_timeout = 0")
        found: Outcome = {}
        for table, query in TABLES.items():
            row = await connection.fetchrow(
                f"select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from ({query}) t"
            )
            assert row is not None
            found[table] = (row[0], int(row[1]))
        return found
    finally:
        await connection.close()


def demanded(clients: int) -> dict[str, int]:
    """The rows that so many new clients leave, each with two licences."""
    rows = dict.fromkeys(("activations", "seen_versions", "outbox"), clients)
    return rows | {"licences": 2 * clients, "held_events": 0, "users": 0}


def differences(wanted: Outcome, got: Outcome) -> str:
    """The tables that differ, with both counts; empty where none does."""
    return ", ".join(
        f"{table}: {got[table][0]} rows, wanted {wanted[table][0]}" + (" with other content" if same else "")
        for table in wanted
        if wanted[table] != got[table]
        for same in [wanted[table][0] == got[table][0]]
    )


def expectations(outcome: Outcome, wanted: Mapping[str, int]) -> str:
    """Tables without the number of rows that the events themselves demand."""
    return ", ".join(
        f"{table}: {outcome[table][0]} rows, the events demand {count}"
        for table, count in wanted.items()
        if outcome[table][0] != count
    )
