"""The census: what is refused to a person who asks activation for something, at once or at the request's URL."""

from typing import Any
from uuid import UUID

from schemas.activation import ActivationCancellationRefusedV1
from schemas.envelope import EventData
from schemas.licences import LicencesChangeRefusedV1
from schemas.values import Pointer
from tests.integration.onboarding.census import Told, fresh, number_of
from tests.integration.onboarding.census_acts import act
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.test_intake import told
from tests.unit.onboarding.test_progress import SCOPE


async def asked(running: Running, what: str, body: Any, status: str = "submitted", times: int = 1) -> Told:
    """What is told of a request about a new client, which has come to a status meanwhile."""
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    await running.context.database.execute("update clients set status = $1 where client_id = $2", status, client_id)
    for _ in range(times):
        headers = running.token() | {"Idempotency-Key": f"key-{fresh()}"}
        answer = await running.http.post(f"/v1/clients/{client_id}/{what}", json=body, headers=headers)
    return Told.of(answer.json())


async def refused(running: Running, what: str, body: Any, refusal: type[EventData], **why: Any) -> Told:
    """What stands at the URL of a request that activation refused."""
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    headers = running.token() | {"Idempotency-Key": f"key-{fresh()}"}
    answer = await running.http.post(f"/v1/clients/{client_id}/{what}", json=body, headers=headers)
    data = refusal.model_validate({**SCOPE, "request_id": UUID(answer.json()["request_id"]), **why})
    await running.hear(told(data, client_id, 1))
    return Told.of((await running.http.get(answer.headers["Location"], headers=running.token())).json())


@act("idempotency_key_required", "http")
async def asked_without_a_key(running: Running) -> Told:
    client_id = (await running.create(number_of(fresh()))).json()["client_id"]
    answer = await running.http.post(f"/v1/clients/{client_id}/cancel", json={}, headers=running.token())
    return Told.of(answer.json())


@act("request_pending", "http")
async def asked_twice(running: Running) -> Told:
    return await asked(running, "cancel", {"reason": "mistake"}, times=2)


@act("invalid_transition", "http")
async def asked_to_cancel_what_is_cancelled(running: Running) -> Told:
    return await asked(running, "cancel", {"reason": "mistake"}, status="cancelled")


@act("already_activated", "http")
async def asked_to_cancel_what_is_active(running: Running) -> Told:
    return await asked(running, "cancel", {"reason": "mistake"}, status="active")


@act("already_activated", "http")
async def asked_too_late(running: Running) -> Told:
    body = {"reason": "mistake"}
    return await refused(running, "cancel", body, ActivationCancellationRefusedV1, code="already_activated")


@act("invalid_date", "http", "/effective_at")
async def asked_for_no_day(running: Running) -> Told:
    return await asked(running, "licences", {"counts": {"payroll": 1}, "effective_at": "tomorrow"})


@act("effective_at_in_past", "http", "/effective_at")
async def asked_for_yesterday(running: Running) -> Told:
    body = {"counts": {"payroll": 1}, "effective_at": "2020-01-01T00:00:00Z"}
    return await asked(running, "licences", body)


async def licences_refused(running: Running, code: str) -> Told:
    place = Pointer(pointer="/counts/payroll", code=code)
    body = {"counts": {"payroll": 1}}
    return await refused(running, "licences", body, LicencesChangeRefusedV1, code=code, errors=[place])


@act("licences_in_use", "http", "/counts/payroll")
async def asked_for_fewer_than_are_in_use(running: Running) -> Told:
    return await licences_refused(running, "licences_in_use")


@act("program_retired", "http", "/counts/payroll")
async def asked_for_what_is_no_more(running: Running) -> Told:
    return await licences_refused(running, "program_retired")
