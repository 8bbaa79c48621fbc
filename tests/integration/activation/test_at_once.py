"""Many at once: no seat is given twice, nobody is left without an administrator, one of two outcomes comes about."""

import asyncio
import random
from typing import Any

import httpx

from chassis.handling import Change
from chassis.ids import uuid7
from chassis.jobs import run_job
from schemas.agency import ConsultantRegisteredV1, ConsultantRemovalRequestedV1
from services.activation.domain.acts import decide
from services.activation.domain.consultants import Link
from services.activation.domain.rights import Actor
from services.activation.jobs import jobs
from services.activation.settings import ActivationSettings
from services.activation.store import clients
from tests.eventually import eventually
from tests.integration.activation.managing import Managed, code_of, licence, role
from tests.integration.activation.running import Running
from tests.unit.activation.events import cancellation, envelope
from tests.unit.activation.test_activation_agency import consultant

ROUNDS = 200


async def people(running: Running, client: Managed, *names: str) -> list[str]:
    """Active users of the client's own, put there directly."""
    ids = [uuid7() for _ in names]
    await running.context.database.execute(
        """insert into users (client_id, user_id, kind, sub, name, email, locale, state, logged_in_at)
           select $1, n.id, 'client', n.name, n.name, n.name || '@exempelbolaget.se', 'sv', 'active', now()
             from unnest($2::uuid[], $3::text[]) n(id, name)""",
        client.client_id,
        ids,
        list(names),
    )
    return [str(each) for each in ids]


async def test_a_hundred_callers_for_ten_seats(running: Running) -> None:
    """Each reads, saves, and after a 412 does both again: ten win, the others are told how it is."""
    client = await Managed.of(running, counts={"bookkeeping": 10})
    users = await people(running, client, *(f"user-{number}" for number in range(100)))

    async def try_for(user_id: str) -> httpx.Response:
        while True:
            answer = await client.save(licence("bookkeeping", user_id))
            if answer.status_code != 412:
                return answer

    answers = await asyncio.gather(*map(try_for, users))

    refused = [each for each in answers if each.status_code != 200]
    assert len(refused) == 90
    assert {code_of(each) for each in refused} == {"no_licence_available"}
    told = {tuple(each.json()[name] for name in ("purchased", "assigned", "reserved")) for each in refused}
    assert told == {(10, 10, 0)}
    assert await client.counts("bookkeeping") == {"purchased": 10, "assigned": 10, "reserved": 0, "available": 0}


async def test_administrators_who_let_each_other_go_at_once_are_never_none(running: Running) -> None:
    """Two demote, remove and limit each other, while one of them is to leave the agency."""
    chance = random.Random(7)
    settings: Any = running.context.settings
    (due,) = [each for each in jobs(settings) if each.name == "removals"]
    data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant("karin")})
    await running.hear(envelope(data))
    outcomes: set[int] = set()
    for number in range(ROUNDS):
        await running.context.database.execute("update consultants set leaving = false")  # as registered anew
        client = await Managed.of(running)
        (olle,) = await people(running, client, "olle")
        assert (await client.save(role("system_administrator", olle))).status_code == 200
        karin = (await client.get("/access"))["you"]["user_id"]

        acts: list[Any] = [lets_go(client, chance.choice([olle, karin]), sub, chance) for sub in ("karin", "olle")]
        if number % 3 == 0:
            acts.append(leave(running, due, number + 2))
        for answer in await asyncio.gather(*acts):
            if answer is not None:
                outcomes.add(answer.status_code)
        (row,) = await running.rows(
            """select count(*) from users u join grants g using (client_id, user_id)
                where u.client_id = $1 and u.state = 'active' and u.logged_in_at is not null
                  and g.kind = 'system_administrator' and g.until is null""",
            client.client_id,
        )
        assert row["count"] >= 1, number
    assert outcomes <= {200, 403, 404, 409, 412, 422}
    assert {200, 409} <= outcomes


async def lets_go(client: Managed, of: str, sub: str, chance: random.Random) -> httpx.Response:
    """One of the ways in which somebody takes the role from an administrator, themselves or another."""
    options: dict[str, Any] = {"claims": client.own} if sub == "olle" else {}
    seen = {"If-Match": '"1"'}
    match chance.randrange(4):
        case 0:
            return await client.request("DELETE", f"/users/{of}", sub, **options)
        case 1:
            return await client.request("PATCH", f"/users/{of}", sub, json={"state": "disabled"}, **options)
        case 2:
            change = role("system_administrator", of, "none")
        case _:
            change = role("system_administrator", of, until="2100-01-01T00:00:00Z")
    return await client.request("PATCH", "/access", sub, json={"changes": [change]}, headers=seen, **options)


async def test_a_consultant_who_is_linked_at_the_moment_of_leaving_leaves_that_client_too(running: Running) -> None:
    """PROMISE: of a released consultant nothing is left. Red where the wish does not wait for those who read before."""
    settings, database = running.context.settings, running.context.database
    assert isinstance(settings, ActivationSettings)
    (removals,) = [each for each in jobs(settings) if each.name == "removals"]
    for version, sub in enumerate(("karin", "erik"), 1):
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        await running.hear(envelope(data, version=version))
    client = await Managed.of(running)
    anna = Actor("anna", "Anna", "byra-ett", frozenset({"client_manager", "agency_admin"}))
    link = Link(anna, settings.rules, ("karin", "erik"))

    async def somebody_waits() -> bool:
        return bool(await running.rows("select 1 from pg_locks where locktype = 'advisory' and not granted"))

    async with database.unit_of_work() as uow:
        before = (await clients.load(uow, [client.client_id]))[client.client_id]
        leaving = asyncio.create_task(leave(running, removals, 3, "erik"))
        await eventually(somebody_waits, within=10)
        after = decide(before, link, uow.now).state
        await clients.save(uow, [Change(client.client_id, before, after)])
    await leaving

    released = (await running.said("activation-events", "byra-ett"))[-1]
    assert released["type"].endswith("consultant.released.v1")
    assert released["data"]["clients"] == [str(client.client_id)]
    assert await running.rows("select 1 from links where sub = 'erik'") == []


async def leave(running: Running, due: Any, version: int, sub: str = "karin") -> None:
    removal = ConsultantRemovalRequestedV1.model_validate(
        {
            "agency": "byra-ett",
            "sub": sub,
            "request_id": uuid7(),
            "requested_by": {"kind": "user", "id": "anna", "name": "Anna"},
        }
    )
    await running.hear(envelope(removal, version=version))
    await run_job(running.context.database, due)


async def test_of_cancelling_and_activating_at_once_one_comes_about(running: Running) -> None:
    outcomes = {"activated": 0, "cancelled": 0}
    for _ in range(ROUNDS):
        client = await Managed.of(running, activated_by=None)
        asked = cancellation(client_id=client.client_id)
        asked = asked.model_copy(update={"subject": str(client.client_id), "sequence": "2"})

        answer, _heard = await asyncio.gather(running.activate(client.client_id), running.hear(asked))

        events = [event["type"] for event in await running.said("activation-events", client.client_id)]
        told = [name for name in outcomes if f"se.aktivera.activation.{name}.v1" in events]
        (status,) = await running.rows("select status from activations where client_id = $1", client.client_id)
        assert told == [status["status"]]
        outcomes[told[0]] += 1
        refused = "se.aktivera.activation.cancellation_refused.v1" in events
        assert refused == (told == ["activated"])
        assert answer.status_code == (200 if told == ["activated"] else 409)
    assert sum(outcomes.values()) == ROUNDS
