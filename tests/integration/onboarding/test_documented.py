"""The document of the routes is the reference: every route of onboarding has been seen to answer as it says."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.integration.documented import Documented
from tests.integration.onboarding.census import fresh, misspelt, number_of
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.reading import Reading
from tests.integration.onboarding.sending_files import done, told, work
from tests.unit.onboarding.contents import association, cloud_event, content, sole_trader
from tests.unit.onboarding.files import csv_of

pytestmark = pytest.mark.timeout(180)

ADMIN: dict[str, Any] = {"sub": "anna", "roles": ["agency_admin", "client_manager"]}


async def did(reading: Reading, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
    headers = reading.token(**ADMIN) | (headers or {})
    answer = await reading.http.request(method, f"/v1{path}", headers=headers, **options)
    assert answer.is_success, answer.text
    return answer.json() if answer.headers.get("content-type") == "application/json" else None


async def test_every_route_answers_as_its_document_says(reading: Reading) -> None:
    documented = Documented((await reading.http.get("/openapi.json")).json())
    reading.http.event_hooks["response"].append(documented.check)
    await reading.register_agency()
    await the_agency(reading)
    await the_clients(reading)
    await what_is_asked(reading)
    await the_guide(reading)
    await the_files(reading)
    await the_sources(reading)
    own = {each for each in documented.operations if not each[1].startswith("/v1/operations")}  # those are the chassis'
    assert sorted(own - documented.seen) == []


async def the_agency(reading: Reading) -> None:
    erik = "/agencies/byra-ett/consultants/erik"
    await did(reading, "PUT", erik, json={"name": "Erik Ek", "email": "erik@byra.se", "roles": ["client_manager"]})
    for path in ("/agencies", "/agencies/byra-ett", "/agencies/byra-ett/consultants", erik):
        await did(reading, "GET", path)
    removal = await did(reading, "DELETE", erik)
    await did(reading, "GET", f"{erik}/removals/{removal['request_id']}")
    await did(reading, "GET", "/programs")
    await did(reading, "GET", "/vault", reading.operator())
    await did(reading, "POST", "/vault/rotation", reading.operator(), json={"limit": 10})


async def the_clients(reading: Reading) -> None:
    warned = await did(reading, "POST", "/clients", json=misspelt())
    assert warned["warnings"]
    refused = await reading.create(misspelt() | {"locale": "fi"})
    assert (refused.status_code, len(refused.json()["warnings"])) == (422, 1)
    beside = {"administrators": [{"name": "Olle Ek", "email": "olle@nacken.se"}]}
    sent = content(details__identity=association(), details__name="Näcken") | beside
    client = f"/clients/{(await did(reading, 'POST', '/clients', json=sent))['client_id']}"
    await did(reading, "GET", "/clients")
    await did(reading, "GET", client)
    changed = {"details": {"name": "Sällskapet Näcken"}}
    await did(reading, "PATCH", client, {"If-Match": '"1"'}, json=changed)
    stale = await reading.http.patch(f"/v1{client}", json=changed, headers=reading.token() | {"If-Match": '"1"'})
    assert (stale.status_code, len(stale.json()["changes"])) == (412, 1)
    assert (await did(reading, "GET", "/refused-tries"))["items"]
    other = {"details": {"identity": {**association(), "responsible_person": "Bo Ek"}}}
    await did(reading, "POST", f"{client}/identity", {"If-Match": '"2"'}, json=other)
    await did(reading, "GET", f"{client}/changes")
    await did(reading, "POST", f"{client}/identity/reveal", json={"reason": "support"})
    await did(reading, "GET", f"{client}/identity/reveals")
    gone = f"/clients/{(await did(reading, 'POST', '/clients', json=number_of(fresh())))['client_id']}"
    await reading.context.database.execute(
        "update clients set status = 'cancelled' where client_id = $1", UUID(gone.split("/")[-1])
    )
    await did(reading, "POST", f"{gone}/erase")


async def what_is_asked(reading: Reading) -> None:
    client = f"/clients/{(await did(reading, 'POST', '/clients', json=number_of(fresh())))['client_id']}"
    fewer = {"counts": {"bookkeeping": 5}, "effective_at": "2099-01-01T00:00:00Z", "reason": "ended"}
    asked = await did(reading, "POST", f"{client}/licences", {"Idempotency-Key": "k-1"}, json=fewer)
    await did(reading, "GET", f"{client}/requests/{asked['request_id']}")
    other = f"/clients/{(await did(reading, 'POST', '/clients', json=number_of(fresh())))['client_id']}"
    await did(reading, "POST", f"{other}/cancel", {"Idempotency-Key": "k-2"}, json={"reason": "mistake"})
    await did(reading, "GET", f"{other}/requests")


async def the_guide(reading: Reading) -> None:
    guide = await Guide.begun(reading, {"access": {"invoice_interval": "week"}}, **ADMIN)
    assert guide.draft["errors"]
    await guide.fill(content(details__identity=sole_trader()))
    await did(reading, "GET", "/drafts")
    await guide.read()
    assert (await guide.submit()).status_code == 201
    thrown = await Guide.begun(reading, **ADMIN)
    await did(reading, "DELETE", f"/drafts/{thrown.draft['draft_id']}")


async def the_files(reading: Reading) -> None:
    await did(reading, "GET", "/clients/import/template")
    rows = await told(reading, await done(reading, csv_of(misspelt(), content(details__name=""))))
    assert [len(each["errors"]) + len(each["warnings"]) for each in rows] == [1, 1]
    await did(reading, "GET", "/clients/imports?of=agency")
    assert await work(reading) == 0


async def the_sources(reading: Reading) -> None:
    await reading.make_topics("bolag")
    assert (await reading.add_source("bolag")).status_code == 201
    await reading.add_source("bolag")
    for method, act in (("GET", ""), ("POST", "/pause"), ("POST", "/resume"), ("DELETE", "")):
        assert (await reading.source("bolag", act, method)).is_success
    await did(reading, "GET", "/sources", reading.operator())
    patched = await reading.add_source("bolag")
    assert patched.status_code == 201  # anew
    await did(reading, "PATCH", "/sources/bolag", reading.operator(), json={"may": ["requested"]})
    await did(reading, "GET", "/intake/key")
    requests = ({"agency": "byra-ett", **misspelt()}, {"agency": "byra-ett", **misspelt(), "locale": "fi"})
    await reading.send(None, *(cloud_event(f"evt-{n}", data=data) for n, data in enumerate(requests)))
    await reading.told_of(None, 2)
    for number in range(2):
        shown = await did(reading, "GET", f"/intake/demo/evt-{number}", reading.operator())
        assert len(shown["warnings"]) == 1


async def test_an_answer_with_a_member_that_is_not_documented_is_noticed(reading: Reading) -> None:
    documented = Documented((await reading.http.get("/openapi.json")).json())
    await reading.register_agency()
    answer = await reading.http.get("/v1/agencies/byra-ett", headers=reading.token(**ADMIN))
    await documented.check(answer)
    more = httpx.Response(200, json=answer.json() | {"more": 1}, request=answer.request)
    with pytest.raises(AssertionError, match="is not as its document says"):
        await documented.check(more)
