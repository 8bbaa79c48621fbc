"""The census: what is refused to a person in the three-step guide; the content of a step and the draft itself."""

from datetime import timedelta
from typing import Any

from services.onboarding.domain.drafts import MOST_OPEN
from services.onboarding.domain.look_ups import MOST_TOLD, hour_of
from tests.integration.onboarding.census import NUMBER, Told, Wrong, channel, fresh, misspelt, number_of, warned
from tests.integration.onboarding.census_acts import act
from tests.integration.onboarding.guide import PARTS, Guide
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, content


@channel("guide")
async def by_guide(running: Running, wrong: Wrong) -> Told:
    """What is told at the end, where the draft has told of the same places before."""
    guide = await Guide.begun(running)
    await walk(guide, wrong.sent)
    early = frozenset((each["pointer"], each["code"]) for each in guide.draft["errors"])
    told = Told.of((await guide.submit()).json())
    is_whole_step = wrong.pointer.strip("/") in PARTS.values()
    return told if is_whole_step or early == told.places else Told(f"told {told}, and before of {early}")


async def walk(guide: Guide, sent: dict[str, Any]) -> None:
    """Fills in the steps; what stands beside them goes with the last."""
    beside = {name: value for name, value in sent.items() if name not in PARTS.values()}
    for step, part in PARTS.items():
        answer = await guide.put(step, sent.get(part), **(beside if step == 3 else {}))
        assert answer.status_code == 200, answer.text


async def submitted(running: Running, sent: dict[str, Any], **claims: Any) -> Told:
    guide = await Guide.begun(running, sent, **claims)
    return Told.of((await guide.submit()).json())


@act("duplicate_client", "guide")
async def submitted_beside_its_double(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent)
    return await submitted(running, sent)


@act("client_exists_elsewhere", "guide")
async def submitted_elsewhere(running: Running) -> Told:
    sent = number_of(fresh())
    await running.create(sent, agency="byra-tva")
    return await submitted(running, sent)


@act("possible_duplicate", "guide")
async def association_submitted_twice(running: Running) -> Told:
    sent = content(details__identity=association(), details__name="Föreningen Tre")
    await running.create(sent)
    return await submitted(running, sent)


@act("already_onboarded", "guide")
async def reference_submitted_twice(running: Running) -> Told:
    reference = {"external_ref": f"ref-{fresh()}"}
    await running.create(number_of(fresh()) | reference)
    return await submitted(running, number_of(fresh()) | reference)


@act("unknown_agency", "guide")
async def submitted_for_nobody(running: Running) -> Told:
    return await submitted(running, number_of(fresh()), agency="byra-noll")


@act("invalid_content", "guide")
async def submitted_with_two_things_wrong(running: Running) -> Told:
    return Told((await submitted(running, content(details__name="", licences__confirmation_email="x"))).code)


async def tried_out(running: Running, sub: str, agency: str = "byra-ett") -> dict[str, Any]:
    """A content that clashes elsewhere, for somebody who was told of as many as may be."""
    sent = number_of(fresh())
    await running.create(sent, agency="byra-tva")
    for minutes in (0, 30):  # the hour may turn meanwhile
        now = running.context.database.clock() + timedelta(minutes=minutes)
        await running.context.database.execute(
            """insert into look_ups (agency, sub, hour, number) select $1, $2, $3, n::text::bytea
                 from generate_series(1, $4) n on conflict do nothing""",
            agency,
            sub,
            hour_of(now),
            MOST_TOLD,
        )
    return sent


@act("rate_limited", "http")
async def created_by_who_tries_numbers_out(running: Running) -> Told:
    return Told.of((await running.create(await tried_out(running, "otto"), sub="otto")).json())


@act("rate_limited", "guide")
async def submitted_by_who_tries_numbers_out(running: Running) -> Told:
    return await submitted(running, await tried_out(running, "olga"), sub="olga")


@act("form_mismatch", "guide", NUMBER)
async def drafted_with_a_number_of_another_form(running: Running) -> Told:
    return warned((await Guide.begun(running, content(details__identity__number="802000-1239"))).draft)


@act("form_mismatch", "http", NUMBER)
async def created_with_a_number_of_another_form(running: Running) -> Told:
    return warned((await running.create(content(details__identity__number="802000-1239"))).json())


@act("unknown_field", "guide", "/details/nmae")
async def drafted_with_a_field_that_is_not_known(running: Running) -> Told:
    return warned((await Guide.begun(running, misspelt())).draft)


@act("unknown_field", "http", "/details/nmae")
async def created_with_a_field_that_is_not_known(running: Running) -> Told:
    return warned((await running.create(misspelt())).json())


@act("if_match_required", "guide")
async def put_without_a_version(running: Running) -> Told:
    guide = await Guide.begun(running)
    answer = await running.http.put(f"{guide.path}/steps/1", json={"access": {}}, headers=guide.headers)
    return Told.of(answer.json())


@act("stale_version", "guide")
async def put_by_two_tabs(running: Running) -> Told:
    guide = await Guide.begun(running)
    other = guide.tab()
    await guide.put(1, {})
    return Told.of((await other.put(1, {"program_access": True})).json())


@act("unknown_version", "guide")
async def put_on_what_never_was(running: Running) -> Told:
    guide = await Guide.begun(running)
    guide.draft = guide.draft | {"version": 9}
    return Told.of((await guide.put(1, {})).json())


@act("if_match_malformed", "guide", "/If-Match")
async def put_on_any_version(running: Running) -> Told:
    guide = await Guide.begun(running)
    headers = guide.headers | {"If-Match": "*"}
    return Told.of((await running.http.put(f"{guide.path}/steps/1", json={"access": {}}, headers=headers)).json())


@act("draft_submitted", "guide")
async def put_after_the_end(running: Running) -> Told:
    guide = await Guide.begun(running, number_of(fresh()))
    await guide.submit()
    return Told.of((await guide.put(1, {})).json())


@act("draft_expired", "guide")
async def put_too_late(running: Running) -> Told:
    guide = await Guide.begun(running)
    await running.context.database.execute("update drafts set expires_at = now() where status = 'draft'")
    return Told.of((await guide.put(1, {})).json())


@act("too_many_drafts", "guide")
async def begun_too_often(running: Running) -> Told:
    await running.context.database.execute(
        """insert into drafts (draft_id, version, agency, created_by_sub, created_by_name, status, created_at,
                               updated_at, expires_at, wrapped_key, sealed)
           select gen_random_uuid(), 1, 'byra-ett', 'maja', 'Maja', 'draft', now(), now(), now() + interval '1 day',
                  '', '' from generate_series(1, $1)""",
        MOST_OPEN,
    )
    return Told.of((await running.http.post("/v1/drafts", json={}, headers=running.token("maja"))).json())


@act("too_deep", "guide")
async def drafted_too_deep(running: Running) -> Told:
    sent: Any = "x"
    for _ in range(40):
        sent = [sent]
    return Told.of((await running.http.post("/v1/drafts", json={"locale": sent}, headers=running.token())).json())


@act("not_found", "guide")
async def looked_at_anothers(running: Running) -> Told:
    guide = await Guide.begun(running)
    return Told.of((await running.http.get(guide.path, headers=running.token("erik"))).json())


@act("not_allowed", "guide")
async def begun_by_nobody(running: Running) -> Told:
    return Told.of((await running.http.post("/v1/drafts", json={}, headers=running.token(roles=[]))).json())


@act("agency_admin_required", "guide")
async def asked_for_the_drafts_of_colleagues(running: Running) -> Told:
    return Told.of((await running.http.get("/v1/drafts?of=agency", headers=running.token())).json())
