"""The activation service on Postgres and over HTTP."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.ids import uuid7
from chassis.settings import environment
from schemas.activation import ActivationListedV1
from schemas.agency import AgencyRegisteredV1, ConsultantRegisteredV1, ConsultantRemovedV1
from schemas.client import ClientErasedV1, ClientUpdatedV1
from tests.integration.activation.running import Running
from tests.unit.activation.events import cancellation, client, created, envelope


async def listed(running: Running, **changes: Any) -> UUID:
    client_id = uuid7()
    outcome = await running.hear(created(**{"client_id": client_id, **changes}))
    assert outcome.applied == 1
    return client_id


async def test_a_created_client_is_stored_with_its_licences_and_is_said_to_be_listed(running: Running) -> None:
    client_id = await listed(running, correlation="from-upstream")

    (row,) = await running.rows("select status, version, correlation_id from activations")
    assert row == {"status": "pending", "version": 1, "correlation_id": "from-upstream"}
    licences = await running.rows("select program, ordered, purchased from licences order by program")
    assert [tuple(each.values()) for each in licences] == [("bookkeeping", 2, 2), ("invoicing", 1, 1)]
    (event,) = await running.said(key=client_id)
    assert (event["type"], event["sequence"]) == ("se.aktivera.activation.listed.v1", "1")
    assert event["correlationid"] == "from-upstream"
    assert ActivationListedV1.model_validate(event["data"]).counts == {"bookkeeping": 2, "invoicing": 1, "payroll": 0}


async def test_a_second_delivery_lists_nothing_twice(running: Running) -> None:
    event = created(client_id=uuid7())

    await running.hear(event)
    outcome = await running.hear(event, event)

    assert outcome.repeated == 2
    assert len(await running.rows("select from activations")) == 1
    assert len(await running.said(key=event.data.client_id)) == 1


async def test_a_batch_holds_many_clients_and_several_events_of_one(running: Running) -> None:
    first, second = uuid7(), uuid7()

    outcome = await running.hear(
        created(client_id=first),
        created(client_id=second, administrators=[{"name": "Olle", "email": "o@bolaget.se", "locale": "sv"}]),
        envelope(ClientUpdatedV1.model_validate(client(client_id=first, name="Nytt AB")), version=2),
        envelope(cancellation(client_id=first).data, version=3),
    )

    assert outcome.applied == 4
    rows = {row["client_id"]: row for row in await running.rows("select * from activations")}
    assert (rows[first]["client_name"], rows[first]["status"], rows[first]["version"]) == ("Nytt AB", "cancelled", 2)
    assert rows[first]["cancelled_by_name"] == "Erik Ek"
    assert rows[second]["status"] == "pending"
    assert [event["sequence"] for event in await running.said(key=first)] == ["1", "2"]


async def test_changes_of_many_clients_are_stored_each_with_its_own(running: Running) -> None:
    ids = [uuid7() for _ in range(5)]
    await running.hear(*(created(client_id=each) for each in ids))

    await running.hear(
        *(
            envelope(ClientUpdatedV1.model_validate(client(client_id=each, name=f"Bolag {each}")), version=2)
            for each in reversed(ids)
        )
    )

    for row in await running.rows("select client_id, client_name, status, cancelled_at from activations"):
        assert row["client_name"] == f"Bolag {row['client_id']}"
        assert (row["status"], row["cancelled_at"]) == ("pending", None)


async def test_the_arrow_makes_the_caller_system_administrator(running: Running) -> None:
    client_id = await listed(running, correlation="from-upstream")

    answer = await running.activate(client_id, "karin")

    assert answer.status_code == 200
    body = answer.json()
    assert body["client_id"] == str(client_id)
    assert body["status"] == "activated"
    assert body["activated_by"] == {"sub": "karin", "name": "Karin"}
    assert body["became_system_administrator"] is True
    (grant,) = await running.rows("select u.sub, u.kind, g.kind as role from grants g join users u using (user_id)")
    assert grant == {"sub": "karin", "kind": "consultant", "role": "system_administrator"}
    event = (await running.said(key=client_id))[-1]
    assert (event["type"], event["sequence"]) == ("se.aktivera.activation.activated.v1", "2")
    assert event["correlationid"] == "from-upstream"


async def test_a_personal_number_in_the_name_of_a_token_is_said_to_nobody(running: Running) -> None:
    """Would break: an issuer that writes numbers into names, and they stand in topics, mails and bells."""
    client_id = await listed(running)
    token = running.token(name="Karin 811218-9876 Ek")
    answer = await running.http.post(f"/v1/activations/{client_id}/activate", headers=token)
    invited = {"name": "Lisa Öberg", "email": "lisa@exempel.se", "locale": "sv"}
    done = await running.http.post(f"/v1/clients/{client_id}/users", headers=token, json=invited)
    assert (answer.status_code, done.is_success) == (200, True), done.text
    assert answer.json()["activated_by"]["name"] == "Karin ••••••-•••• Ek"
    said = str(await running.said(key=client_id))
    assert "Karin ••••••-•••• Ek" in said
    kept = [await running.rows(f"select * from {table}") for table in ("activations", "users", "history")]
    assert "811218" not in said + str(kept)


@pytest.mark.parametrize(
    "written", ["81 1218-9876", "811218 - 9876", "８１１２１８－９８７６", "811218\N{SOFT HYPHEN}9876"]
)
async def test_a_personal_number_is_found_in_names_however_it_is_written(running: Running, written: str) -> None:
    """Would break: one door that is stricter than another."""
    client_id = await listed(running)
    token = running.token(name=f"Karin {written}")
    answer = await running.http.post(f"/v1/activations/{client_id}/activate", headers=token)
    assert answer.json()["activated_by"]["name"] == "••••••-••••"
    for name, email in ((f"Lisa {written}", "lisa@exempel.se"), ("Lisa", f"{written.replace(' ', '')}@exempel.se")):
        body = {"name": name, "email": email, "locale": "sv"}
        refused = await running.http.post(f"/v1/clients/{client_id}/users", headers=running.token(), json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_content")
        assert {each["code"] for each in refused.json()["errors"]} == {"personal_number_not_allowed"}


async def test_a_second_click_by_the_same_person_gets_the_same_and_says_nothing(running: Running) -> None:
    client_id = await listed(running)

    first, second = await running.activate(client_id), await running.activate(client_id)

    assert (second.status_code, second.json()) == (200, first.json())
    assert len(await running.said(key=client_id)) == 2


async def test_a_request_repeated_with_its_key_gets_the_same_answer(running: Running) -> None:
    client_id = await listed(running)
    key = {"Idempotency-Key": str(uuid4())}

    first = await running.activate(client_id, **key)
    again = await running.activate(client_id, **key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await running.rows("select from idempotency_keys")) == 1


async def test_another_person_learns_who_was_first_and_when(running: Running) -> None:
    client_id = await listed(running)
    first = (await running.activate(client_id, "karin")).json()

    answer = await running.activate(client_id, "erik")

    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], body["activated_by"]) == ("already_activated", "Karin")
    assert body["activated_at"] == first["activated_at"]


async def test_whoever_activates_a_connected_client_gets_no_role(running: Running) -> None:
    people = [{"sub": "olle", "name": "Olle", "email": "olle@bolaget.se", "locale": "sv"}]
    client_id = await listed(running, origin="connected", administrators=people)

    answer = await running.activate(client_id, "karin")

    assert answer.json()["became_system_administrator"] is False
    rows = await running.rows("select u.sub from grants g join users u using (client_id, user_id)")
    assert rows == [{"sub": "olle"}]


async def test_whoever_clicks_is_administrator_and_whom_upstream_named_is_still_invited(running: Running) -> None:
    people = [{"sub": "karin", "name": "K", "email": "k@byra.se", "locale": "sv"}]
    client_id = await listed(running, origin="event", administrators=people)

    answer = await running.activate(client_id, "karin")

    assert answer.status_code == 200
    users = await running.rows("select kind, sub, name, state from users order by kind")
    assert [tuple(each.values()) for each in users] == [
        ("client", None, "K", "invited"),
        ("consultant", "karin", "Karin", "active"),
    ]


async def test_a_cancelled_client_is_not_activated_and_an_activated_one_not_cancelled(running: Running) -> None:
    cancelled, active = await listed(running), await listed(running)
    await running.activate(active)

    await running.hear(
        envelope(cancellation(client_id=cancelled).data, version=2),
        envelope(cancellation(client_id=active).data, version=2),
    )

    answer = await running.activate(cancelled)
    assert (answer.status_code, answer.json()["code"]) == (409, "client_cancelled")
    refused = (await running.said(key=active))[-1]
    assert refused["type"] == "se.aktivera.activation.cancellation_refused.v1"
    assert refused["data"]["code"] == "already_activated"


async def test_what_is_said_of_a_client_that_was_never_created_waits(running: Running) -> None:
    outcome = await running.hear(envelope(cancellation(client_id=uuid7()).data, version=1))

    assert [hold.reason for hold in outcome.holds] == ["unknown_client"]


async def test_an_erased_client_leaves_no_names(running: Running) -> None:
    client_id = await listed(running)
    await running.activate(client_id)

    await running.hear(envelope(ClientErasedV1(client_id=client_id, agency="byra-ett"), version=2))

    (user,) = await running.rows("select name, email from users")
    assert user == {"name": "", "email": None}
    answer = await running.http.get(f"/v1/activations/{client_id}", headers=running.token())
    assert answer.json()["client_name"] == ""
    assert answer.json()["activated_by"] == {"sub": "karin", "name": ""}


async def test_of_an_erased_client_no_table_holds_who_people_were(running: Running) -> None:
    client_id = await listed(running)
    headers = running.token() | {"Idempotency-Key": "k-1"}
    await running.activate(client_id)
    person = {"name": "Siv Hemlig", "email": "siv@hemlig.se"}
    invited = await running.http.post(f"/v1/clients/{client_id}/users", json=person, headers=headers)
    assert invited.status_code == 201, invited.text
    await running.context.database.execute(
        """insert into held_events (topic, key, partition, kafka_offset, event_id, sealed, reason, detail, attempts,
                                    held_at, settled_at, settled_how)
           values ('client-events', $1, 0, 0, 'e', 'content', 'decide_failed', '', 1, now(), now(), 'retried')""",
        str(client_id),
    )

    await running.hear(envelope(ClientErasedV1(client_id=client_id, agency="byra-ett"), version=2))

    tables = await running.rows("select tablename from pg_tables where schemaname = 'public' and tablename <> 'outbox'")
    for name in (row["tablename"] for row in tables):
        text = str(await running.rows(f'select * from "{name}"'))
        assert [
            each for each in ("Hemlig", "hemlig.se", "Exempelbolaget", "exempelbolaget", "content") if each in text
        ] == [], name


async def test_agencies_and_consultants_are_followed(running: Running) -> None:
    def consultant(sub: str) -> ConsultantRegisteredV1:
        return ConsultantRegisteredV1(
            agency="byra-ett", sub=sub, name=sub, email=f"{sub}@b.se", locale="sv", roles=["client_manager"]
        )

    agency = AgencyRegisteredV1(agency="byra-ett", name="Byrå Ett", locale="sv", client_visibility="all")
    await running.hear(
        envelope(consultant("karin"), 1),
        envelope(agency, 2),
        envelope(consultant("erik").model_copy(update={"roles": []}), 3),
    )
    await running.hear(envelope(ConsultantRemovedV1(agency="byra-ett", sub="karin"), 4))

    assert await running.rows("select agency, name from agencies") == [{"agency": "byra-ett", "name": "Byrå Ett"}]
    assert await running.rows("select sub, roles from consultants") == [{"sub": "erik", "roles": []}]


async def test_of_two_at_the_arrow_exactly_one_wins_and_the_other_learns_who(running: Running) -> None:
    rounds = int(environment().get("AKTIVERA_TEST_ARROW_ROUNDS", "200"))
    ids = [uuid7() for _ in range(rounds)]
    await running.hear(*(created(client_id=each) for each in ids))

    for client_id in ids:
        answers = await asyncio.gather(running.activate(client_id, "karin"), running.activate(client_id, "erik"))
        won, lost = sorted(answers, key=lambda each: each.status_code)
        assert (won.status_code, lost.status_code) == (200, 409)
        assert lost.json()["code"] == "already_activated"
        assert lost.json()["activated_by"] == won.json()["activated_by"]["name"]
        assert lost.json()["activated_at"] == won.json()["activated_at"]
    administrators = await running.rows("select client_id from grants where kind = 'system_administrator'")
    assert sorted(each["client_id"] for each in administrators) == sorted(ids)
    assert len(await running.rows("select from outbox where version = 2")) == rounds
