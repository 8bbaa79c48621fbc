"""The census: what is refused to a source that sends events, beside what is wrong with a content."""

from typing import Any

import orjson

from chassis.fold import Outcome
from schemas.activation import ActivationCancellationRefusedV1
from schemas.envelope import EventData
from schemas.licences import LicencesChangeRefusedV1
from schemas.values import Pointer
from services.onboarding.domain.reading import LARGEST_BYTES
from tests.integration.in_process import Heard
from tests.integration.onboarding.census import Told, fresh, last_told, misspelt, number_of, sealed, told_of, warned
from tests.integration.onboarding.census_acts import act, request
from tests.integration.onboarding.running import REQUESTS, Running
from tests.integration.onboarding.test_intake import told
from tests.unit.onboarding.contents import association, cloud_event, content, sole_trader
from tests.unit.onboarding.test_progress import CLIENT, SCOPE

PREFIX = "se.aktivera.onboarding."


async def asked_of(running: Running, kind: str, **data: Any) -> Told:
    """A request about a client that exists."""
    return await told_of(running, cloud_event(f"act-{fresh()}", type=f"{PREFIX}{kind}.v1", data=data))


async def asked_for_licences(running: Running, effective_at: Any) -> Told:
    kind = "licences_change_requested"
    return await asked_of(running, kind, external_ref="x", counts={"payroll": 1}, effective_at=effective_at)


async def licences_refused(running: Running, code: str) -> Told:
    errors = [Pointer(pointer="/counts/payroll", code=code)]
    refusal = LicencesChangeRefusedV1(**SCOPE, request_id=CLIENT, code=code, errors=errors)
    return await refused_by_activation(running, refusal)


async def refused_by_activation(running: Running, refusal: EventData) -> Told:
    """What a source is told of a cancellation or of licences that activation refused."""
    reference = f"ref-{fresh()}"
    await running.ask(request(number_of(fresh()) | {"external_ref": reference}))
    if isinstance(refusal, ActivationCancellationRefusedV1):
        await asked_of(running, "cancellation_requested", external_ref=reference, reason="mistake")
    else:
        await asked_of(running, "licences_change_requested", external_ref=reference, counts={"payroll": 0})
    asked = (await running.said("client-events"))[-1]
    before = len(await running.results())
    outcome = await running.hear(told(refusal, asked["subject"], 1, request_id=asked["data"]["request_id"]))
    return await last_told(running, before, outcome)


async def come_to(running: Running, status: str) -> str:
    """A client of the source's that has come to a status meanwhile."""
    reference = f"ref-{fresh()}"
    await running.ask(request(number_of(fresh()) | {"external_ref": reference}))
    await running.context.database.execute("update clients set status = $1 where external_ref = $2", status, reference)
    return str((await running.rows("select client_id from clients where external_ref = $1", reference))[0]["client_id"])


async def asked_of_what_has_come_to(running: Running, status: str) -> Told:
    client_id = await come_to(running, status)
    return await asked_of(running, "licences_change_requested", client_id=client_id, counts={"payroll": 1})


async def hear(running: Running, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> Told:
    before = len(await running.results())
    outcome: Outcome = await running.hear(Heard(REQUESTS, value, headers=headers))
    return await last_told(running, before, outcome)


@act("duplicate_client", "event")
async def asked_twice(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent)
    return await told_of(running, request(sent))


@act("client_exists_elsewhere", "event")
async def asked_elsewhere(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent, agency="byra-tva")
    return await told_of(running, request(sent))


@act("possible_duplicate", "event")
async def association_asked_twice(running: Running) -> Told:
    sent = content(details__identity=association(), details__name="Föreningen Två")
    await running.create(sent)
    asked = request(sent)
    asked["data"]["details"]["identity"] = await sealed(running, asked["id"], association())
    return await told_of(running, asked)


@act("already_onboarded", "event")
async def reference_asked_twice(running: Running) -> Told:
    reference = {"external_ref": f"ref-{fresh()}"}
    await running.ask(request(number_of(fresh()) | reference))
    return await told_of(running, request(number_of(fresh()) | reference))


@act("unknown_field", "event", "/details/nmae")
async def asked_with_a_field_that_is_not_known(running: Running) -> Told:
    await running.ask(request(misspelt()))
    return warned((await running.results())[-1][1])


@act("unknown_agency", "event")
async def asked_for_nobody(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()) | {"agency": "byra-noll"}))


@act("invalid_content", "event")
async def two_things_wrong_in_a_request(running: Running) -> Told:
    return Told((await told_of(running, request(content(details__name="", licences__confirmation_email="x")))).code)


@act("identity_not_for_this_request", "event", "/details/identity/number_jwe")
async def encrypted_for_another(running: Running) -> Told:
    return await told_of(running, request(content(details__identity=await sealed(running, "another", sole_trader()))))


@act("wrong_agency", "event")
async def asked_for_an_agency_that_is_not_the_sources(running: Running) -> Told:
    await running.context.database.execute("update sources set agencies = '{byra-ett}'")
    answer = await told_of(running, request(number_of(fresh()) | {"agency": "byra-tva"}))
    await running.context.database.execute("update sources set agencies = null")
    return answer


@act("wrong_source", "event")
async def asked_in_anothers_name(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()), source="/upstream/other"))


@act("event_id_reused", "event")
async def asked_under_an_id_of_before(running: Running) -> Told:
    first = request(number_of(fresh()))
    await running.ask(first)
    return await told_of(running, {**first, "data": {**first["data"], "locale": "en"}})


@act("unknown_event_type", "event", "/type")
async def asked_for_what_we_do_not_know(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()), type=f"{PREFIX}wished.v1"))


@act("unsupported_version", "event", "/type")
async def asked_in_a_version_to_come(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()), type=f"{PREFIX}requested.v9"))


@act("malformed_event", "event", "/data")
async def asked_without_data(running: Running) -> Told:
    return await told_of(running, cloud_event(f"act-{fresh()}", data=None))


@act("malformed_json", "event")
async def sent_what_is_no_json(running: Running) -> Told:
    return await hear(running, b'{"specversion": "1.0", ')


@act("too_deep", "event", "/data")
async def asked_too_deep(running: Running) -> Told:
    sent: Any = "x"
    for _ in range(40):
        sent = [sent]
    return await told_of(running, request({"locale": sent}))


@act("payload_too_large", "event")
async def sent_too_much(running: Running) -> Told:
    return await hear(running, orjson.dumps(request({"external_ref": "x" * LARGEST_BYTES})))


@act("unsupported_media_type", "event", "/datacontenttype")
async def sent_another_type(running: Running) -> Told:
    return await told_of(running, request(number_of(fresh()), datacontenttype="text/csv"))


@act("unknown_client", "event")
async def asked_to_cancel_nobody(running: Running) -> Told:
    data = {"external_ref": f"ref-{fresh()}", "reason": "mistake"}
    sent = cloud_event(f"act-{fresh()}", type=f"{PREFIX}cancellation_requested.v1", data=data)
    await running.ask(sent, at_last=True)
    return Told.of((await running.results())[-1][1])


@act("already_activated", "event")
async def asked_to_cancel_who_is_active(running: Running) -> Told:
    refusal = ActivationCancellationRefusedV1(**SCOPE, request_id=CLIENT, code="already_activated")
    return await refused_by_activation(running, refusal)


@act("licences_in_use", "event", "/counts/payroll")
async def asked_for_fewer_licences_than_are_in_use(running: Running) -> Told:
    return await licences_refused(running, "licences_in_use")


@act("program_retired", "event", "/counts/payroll")
async def asked_for_licences_of_what_is_no_more(running: Running) -> Told:
    return await licences_refused(running, "program_retired")


@act("client_cancelled", "event")
async def asked_for_licences_of_who_was_cancelled(running: Running) -> Told:
    return await asked_of_what_has_come_to(running, "cancelled")


@act("client_disconnected", "event")
async def asked_for_licences_of_who_left(running: Running) -> Told:
    return await asked_of_what_has_come_to(running, "disconnected")


@act("client_erased", "event")
async def asked_for_licences_of_who_is_erased(running: Running) -> Told:
    return await asked_of_what_has_come_to(running, "erased")


@act("invalid_transition", "event")
async def asked_to_cancel_twice(running: Running) -> Told:
    client_id = await come_to(running, "cancelled")
    return await asked_of(running, "cancellation_requested", client_id=client_id, reason="mistake")


@act("invalid_date", "event", "/effective_at")
async def asked_for_licences_on_no_day(running: Running) -> Told:
    return await asked_for_licences(running, "tomorrow")


@act("effective_at_in_past", "event", "/effective_at")
async def asked_for_licences_in_the_past(running: Running) -> Told:
    return await asked_for_licences(running, "2020-01-01T00:00:00Z")
