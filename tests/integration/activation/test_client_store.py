"""What is stored of a client is read again as it was, and what was taken away is gone."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from chassis.handling import Change
from schemas.values import Person
from services.activation.domain.client import Client, Disconnecting, Licence, Reduction, Restoring
from services.activation.store import clients
from tests.integration.activation.managing import Managed
from tests.integration.activation.running import Running
from tests.unit.activation.clients import KARIN, licence, permission, program_administrator, with_user
from tests.unit.activation.events import NOW

DAY = timedelta(days=1)
ID = UUID(int=1)


async def loaded(running: Running, client_id: UUID) -> Client:
    async with running.context.database.unit_of_work() as uow:
        return (await clients.load(uow, [client_id]))[client_id]


async def saved(running: Running, before: Client, after: Client) -> Client:
    key = before.activation.client_id
    async with running.context.database.unit_of_work() as uow:
        await clients.save(uow, [Change(key, before, after)])
    return await loaded(running, key)


def full(client: Client) -> Client:
    """The client with something of everything."""
    found = with_user(client, "olle", licence("olle", "bookkeeping"), permission("olle", "bookkeeping", "vouchers"))
    found = with_user(found, "siv", program_administrator("siv", "payroll"), until=NOW + DAY)
    found = with_user(found, "eva", licence("eva", "invoicing"), invited=True)
    return replace(
        found,
        access_version=7,
        configured_by=KARIN.person,
        configured_at=NOW,
        licences={**client.licences, "payroll": Licence(0, 1, NOW + DAY, low_told=True)},
        reductions={ID: Reduction(ID, "payroll", 0, NOW + DAY, "ended", by_source=True, request_id=ID, rises=True)},
        invitations={key: replace(each, resends_on=(NOW, NOW + DAY)) for key, each in found.invitations.items()},
        linked=frozenset({"karin", "erik"}),
        disconnecting=Disconnecting(ID, 2, "k", Person(sub="olle", name="Olle"), NOW + DAY),
        restoring=Restoring("erik", "other", "op-1", NOW),
        due_at=NOW + DAY,
    )


async def test_a_client_with_something_of_everything_is_read_as_it_was_stored(running: Running) -> None:
    empty = await loaded(running, (await Managed.of(running)).client_id)
    whole = full(empty)

    assert await saved(running, empty, whole) == whole


async def test_what_is_taken_away_again_is_gone(running: Running) -> None:
    empty = await loaded(running, (await Managed.of(running)).client_id)
    whole = full(empty)
    await saved(running, empty, whole)
    taken = replace(empty, users=whole.users, licences=whole.licences)  # these two are never removed

    assert await saved(running, whole, taken) == taken
