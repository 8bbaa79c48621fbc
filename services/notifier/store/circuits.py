"""The circuits of mail servers, so that every replica sees the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.announce import Source
from chassis.unit_of_work import UnitOfWork
from services.notifier.domain.circuit import Circuit

_CIRCUIT = "relay, state, since, trouble, smtp_code, failures, try_at, probe"


async def lock(uow: UnitOfWork, relay: str) -> Circuit:
    """The relay's circuit, made where it never had one."""
    await uow.connection.execute(
        """insert into mail_circuits (relay, state, since, failures) values ($1, 'closed', $2, 0)
           on conflict (relay) do nothing""",
        relay,
        uow.now,
    )
    row = await uow.connection.fetchrow(
        f"select {_CIRCUIT} from mail_circuits where relay = $1 for update",  # noqa: S608  # constant text
        relay,
    )
    assert row is not None
    return Circuit(**row)


async def lock_to_be_tried(uow: UnitOfWork, relay: str, now: datetime) -> Circuit | None:
    """The circuit, if it is open and a mail may try it: it is time, or who tried did not come back."""
    row = await uow.connection.fetchrow(
        f"""select {_CIRCUIT} from mail_circuits
             where relay = $1 and (state = 'open' and try_at <= $2
                                   or state = 'half_open' and probe_until < clock_timestamp())
               for update skip locked""",  # noqa: S608  # constant text
        relay,
        now,
    )
    return None if row is None else Circuit(**row)


async def save(uow: UnitOfWork, circuit: Circuit, probe_seconds: float = 0) -> None:
    """Writes a circuit whose row is locked. `probe_seconds`: how long the probe may take, on the database's clock."""
    await uow.connection.execute(
        """update mail_circuits
              set state = $2, since = $3, trouble = $4, smtp_code = $5, failures = $6, try_at = $7, probe = $8,
                  probe_until = case when $8::uuid is not null then clock_timestamp() + make_interval(secs => $9) end
            where relay = $1""",
        circuit.relay,
        circuit.state,
        circuit.since,
        circuit.trouble,
        circuit.smtp_code,
        circuit.failures,
        circuit.try_at,
        circuit.probe,
        probe_seconds,
    )


async def every(source: Source) -> Sequence[Circuit]:
    """All circuits that ever opened, by relay."""
    rows: list[Any] = await source.fetch(f"select {_CIRCUIT} from mail_circuits order by relay")  # noqa: S608  # constant text
    return [Circuit(**row) for row in rows]
