"""The census: what is refused to a person over HTTP, beside what is wrong with a content."""

from typing import Any

import asyncpg
import orjson

from services.onboarding.domain.reading import LARGEST_BYTES
from tests.integration.onboarding.census import Told, fresh, number_of
from tests.integration.onboarding.census_acts import act
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, content, sole_trader


async def posted(running: Running, body: bytes, kind: str = "application/json", **headers: str) -> Told:
    sent = running.token() | {"Content-Type": kind} | headers
    return Told.of((await running.http.post("/v1/clients", content=body, headers=sent)).json())


async def create(running: Running, sent: Any, **claims: Any) -> Told:
    return Told.of((await running.create(sent, **claims)).json())


@act("duplicate_client", "http")
async def created_twice(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent)
    return await create(running, sent)


@act("client_exists_elsewhere", "http")
async def created_elsewhere(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent, agency="byra-tva")
    return await create(running, sent)


@act("possible_duplicate", "http")
async def association_created_twice(running: Running) -> Told:
    sent = content(details__identity=association(), details__name="Föreningen Ett")
    await running.create(sent)
    return await create(running, sent)


@act("already_onboarded", "http")
async def reference_created_twice(running: Running) -> Told:
    reference = {"external_ref": f"ref-{fresh()}"}
    await running.create(number_of(fresh()) | reference)
    return await create(running, number_of(fresh()) | reference)


@act("unknown_agency", "http")
async def created_for_nobody(running: Running) -> Told:
    return await create(running, number_of(fresh()), agency="byra-noll")


@act("invalid_content", "http")
async def two_things_wrong(running: Running) -> Told:
    return Told((await create(running, content(details__name="", licences__confirmation_email="x"))).code)


@act("malformed_json", "http")
async def posted_what_is_no_json(running: Running) -> Told:
    return await posted(running, b'{"details": ')


@act("payload_too_large", "http")
async def posted_too_much(running: Running) -> Told:
    return await posted(running, b'"' + b"x" * LARGEST_BYTES + b'"')


@act("unsupported_media_type", "http")
async def posted_another_type(running: Running) -> Told:
    return await posted(running, b"name;number", kind="text/csv")


@act("not_allowed", "http")
async def created_by_nobody(running: Running) -> Told:
    return await create(running, number_of(fresh()), roles=[])


@act("not_found", "http")
async def shown_what_is_not_there(running: Running) -> Told:
    answer = await running.http.get("/v1/clients/0193a5b0-0000-7000-8000-000000000000", headers=running.token())
    return Told.of(answer.json())


@act("unknown_parameter", "http", pointer="/state")
async def listed_by_a_filter_that_is_not_there(running: Running) -> Told:
    return Told.of((await running.http.get("/v1/clients?state=active", headers=running.token())).json())


@act("invalid_cursor", "http")
async def listed_from_nowhere(running: Running) -> Told:
    return Told.of((await running.http.get("/v1/clients?cursor=%25", headers=running.token())).json())


@act("invalid_idempotency_key", "http")
async def created_under_no_key(running: Running) -> Told:
    return await posted(running, orjson.dumps(number_of(fresh())), **{"Idempotency-Key": "x" * 300})


@act("idempotency_key_reused", "http")
async def created_under_a_key_of_before(running: Running) -> Told:
    key = {"Idempotency-Key": f"key-{fresh()}"}
    await posted(running, orjson.dumps(number_of(fresh())), **key)
    return await posted(running, orjson.dumps(number_of(fresh())), **key)


@act("idempotency_key_in_use", "http")
async def created_under_a_key_under_way(running: Running) -> Told:
    key = f"key-{fresh()}"
    other = await asyncpg.connect(running.context.settings.dsn)
    try:
        place = f"byra-ett/karin/create-client\x1f{key}"
        await other.execute("select pg_advisory_lock(hashtextextended($1, 7))", place)
        return await posted(running, orjson.dumps(number_of(fresh())), **{"Idempotency-Key": key})
    finally:
        await other.close()


async def changed(running: Running, patch: Any, seen: str | None = '"1"', status: str = "submitted") -> Told:
    """What is told of a change of a new client, which has come to a status meanwhile."""
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    await running.context.database.execute("update clients set status = $1 where client_id = $2", status, client_id)
    headers = running.token() | ({} if seen is None else {"If-Match": seen})
    return Told.of((await running.http.patch(f"/v1/clients/{client_id}", json=patch, headers=headers)).json())


@act("if_match_required", "http")
async def changed_unseen(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, seen=None)


@act("stale_version", "http")
async def changed_on_what_is_no_more(running: Running) -> Told:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    url, headers = f"/v1/clients/{client_id}", running.token() | {"If-Match": '"1"'}
    await running.http.patch(url, json={"locale": "en"}, headers=headers)
    return Told.of((await running.http.patch(url, json={"locale": "sv"}, headers=headers)).json())


@act("unknown_version", "http")
async def changed_on_what_never_was(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, seen='"7"')


@act("if_match_malformed", "http", "/If-Match")
async def changed_on_any_edition(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, seen="*")


@act("not_changeable", "http", "/licences/counts")
async def changed_what_is_not_ours(running: Running) -> Told:
    return await changed(running, {"licences": {"counts": {"payroll": 1}}})


@act("identity_kind_fixed", "http", "/details/identity/kind")
async def made_another_client(running: Running) -> Told:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    body = {"details": {"identity": sole_trader()}}
    headers = running.token() | {"If-Match": '"1"'}
    return Told.of((await running.http.post(f"/v1/clients/{client_id}/identity", json=body, headers=headers)).json())


@act("not_reassignable", "http")
async def reassigned_when_active(running: Running) -> Told:
    return await changed(running, {"responsible_consultant": "erik"}, status="active")


@act("client_cancelled", "http")
async def changed_when_cancelled(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, status="cancelled")


@act("client_disconnected", "http")
async def changed_when_gone(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, status="disconnected")


@act("client_erased", "http")
async def changed_when_erased(running: Running) -> Told:
    return await changed(running, {"locale": "en"}, status="erased")


@act("service_unavailable", "http", last=True)
async def created_without_a_database(running: Running) -> Told:
    await running.context.database.pool.close()
    return await create(running, number_of(fresh()))
