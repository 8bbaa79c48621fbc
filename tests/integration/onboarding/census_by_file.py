"""The census: what is refused to a person who sends a file; what is told of a row, and of the file as a whole."""

from typing import Any

from services.onboarding.domain.csv_files import MOST_BYTES
from services.onboarding.domain.importing import MOST_RUNNING
from tests.integration.onboarding.census import NUMBER, Told, Wrong, channel, fresh, misspelt, number_of, warned
from tests.integration.onboarding.census_acts import act
from tests.integration.onboarding.running import Running
from tests.integration.onboarding.sending_files import done, post, told, work
from tests.unit.onboarding.contents import association, content
from tests.unit.onboarding.files import csv_of


@channel("file")
async def by_file(running: Running, wrong: Wrong) -> Told:
    return await told_of_row(running, wrong.sent)


async def told_of_row(running: Running, sent: dict[str, Any]) -> Told:
    """What is told of the row of a content; the reference keeps two files with the same content apart."""
    row = await row_of(running, sent)
    return Told.of({"code": row["code"], "errors": row["errors"]})


async def row_of(running: Running, sent: dict[str, Any]) -> dict[str, Any]:
    beside = {} if "external_ref" in sent else {"external_ref": f"row-{fresh()}"}
    (row,) = await told(running, await done(running, csv_of({**sent, **beside})))
    return row


async def told_of_file(running: Running, data: str | bytes, query: str = "", **claims: Any) -> Told:
    return Told.of((await post(running, data, query, **claims)).json())


@act("duplicate_client", "file")
async def row_of_who_is_there(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent)
    return await told_of_row(running, sent)


@act("client_exists_elsewhere", "file")
async def row_of_who_is_elsewhere(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent, agency="byra-tva")
    return await told_of_row(running, sent)


@act("possible_duplicate", "file")
async def row_of_the_same_association(running: Running) -> Told:
    sent = content(details__identity=association(), details__name="Föreningen Fyra")
    await running.create(sent)
    return await told_of_row(running, sent)


@act("already_onboarded", "file")
async def row_of_a_reference_of_before(running: Running) -> Told:
    reference = {"external_ref": f"ref-{fresh()}"}
    await running.create(number_of(fresh()) | reference)
    return await told_of_row(running, number_of(fresh()) | reference)


@act("invalid_content", "file")
async def row_with_two_things_wrong(running: Running) -> Told:
    return Told((await told_of_row(running, content(details__name="", licences__confirmation_email="x"))).code)


@act("form_mismatch", "file", NUMBER)
async def row_with_a_number_of_another_form(running: Running) -> Told:
    return warned(await row_of(running, content(details__identity__number="802000-1239")))


@act("unknown_field", "file", "/details/nmae")
async def row_with_a_column_that_is_not_known(running: Running) -> Told:
    return warned(await row_of(running, misspelt()))


@act("unknown_agency", "file")
async def file_of_nobody(running: Running) -> Told:
    return await told_of_file(running, csv_of(number_of(fresh())), agency="byra-noll")


@act("invalid_csv", "file")
async def file_with_other_columns(running: Running) -> Told:
    return await told_of_file(running, "name;number\nEva;1\n")


@act("file_changed", "file")
async def file_that_was_not_tried(running: Running) -> Told:
    trial = await done(running, csv_of(number_of(fresh())), "?dry_run=true")
    return await told_of_file(running, csv_of(number_of(fresh())), f"?tried={trial['import_id']}")


@act("payload_too_large", "file")
async def file_of_too_many_bytes(running: Running) -> Told:
    return await told_of_file(running, b"x" * (MOST_BYTES + 1))


@act("unsupported_media_type", "file")
async def file_that_says_that_it_is_json(running: Running) -> Told:
    return Told.of((await post(running, "{}", kind="application/json")).json())


@act("rate_limited", "file")
async def too_many_files_at_once(running: Running) -> Told:
    answers = [await told_of_file(running, csv_of(number_of(fresh()))) for _ in range(MOST_RUNNING + 1)]
    await work(running)
    return answers[-1]


@act("not_found", "file")
async def looked_at_anothers_file(running: Running) -> Told:
    shown = await done(running, csv_of(number_of(fresh())))
    path = f"/v1/clients/imports/{shown['import_id']}"
    return Told.of((await running.http.get(path, headers=running.token("erik"))).json())


@act("not_allowed", "file")
async def file_sent_by_nobody(running: Running) -> Told:
    return await told_of_file(running, csv_of(number_of(fresh())), roles=[])


@act("invalid_cursor", "file")
async def files_listed_from_nowhere(running: Running) -> Told:
    return Told.of((await running.http.get("/v1/clients/imports?cursor=%25", headers=running.token())).json())


@act("agency_admin_required", "file")
async def asked_for_the_files_of_colleagues(running: Running) -> Told:
    return Told.of((await running.http.get("/v1/clients/imports?of=agency", headers=running.token())).json())
