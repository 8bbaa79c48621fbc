"""Owners announce one, some or all of what they own: state and version, and the version is not counted up."""

from typing import Any

from chassis import announce
from tests.integration.announce.town import Resident, heard
from tests.system.numbers import organisation_numbers
from tests.system.test_road import request
from tests.unit.activation.events import CLIENT, created

NUMBERS = organisation_numbers()


async def put_agency(onboarding: Resident, agency: str) -> None:
    headers = onboarding.token("anna", agency=agency, roles=["agency_admin"])
    body: dict[str, Any] = {"name": agency.title(), "locale": "sv", "client_visibility": "all"}
    assert (await onboarding.http.put(f"/v1/agencies/{agency}", json=body, headers=headers)).status_code < 300
    body = {"name": "Karin", "email": "karin@byra.se", "locale": "sv", "roles": ["client_manager"]}
    path = f"/v1/agencies/{agency}/consultants/karin"
    assert (await onboarding.http.put(path, json=body, headers=headers)).status_code < 300


async def create(onboarding: Resident) -> str:
    answer = await onboarding.http.post("/v1/clients", json=request(next(NUMBERS)), headers=onboarding.token())
    assert answer.status_code == 201, answer.text
    client_id: str = answer.json()["client_id"]
    return client_id


async def test_a_dry_run_counts_and_says_nothing(onboarding: Resident) -> None:
    await put_agency(onboarding, "byra-ett")
    await create(onboarding)
    answer = await onboarding.order("announce", aggregates="all")
    assert (answer["dry_run"], answer["aggregates"]) == (True, {"agency": 1, "client": 1})
    assert await onboarding.carry_out() == 0
    assert [event for event in await onboarding.said() if ".snapshot." in event["type"]] == []


async def test_one_some_or_all_are_announced_with_their_own_versions(onboarding: Resident) -> None:
    for agency in ("byra-ett", "byra-tva"):
        await put_agency(onboarding, agency)
    clients = [await create(onboarding) for _ in range(3)]
    one = await onboarding.announce([clients[0]])
    assert [(event["subject"], event["sequence"]) for event in one] == [(clients[0], "1")]
    some = (await onboarding.announce([clients[1], "byra-tva", "nobody"]))[1:]
    assert {event["subject"] for event in some} == {clients[1], "byra-tva"}
    (told,) = [event for event in some if event["subject"] == "byra-tva"]
    assert (told["sequence"], [each["sub"] for each in told["data"]["consultants"]]) == ("2", ["karin"])
    whole = (await onboarding.announce("all"))[3:]
    assert sorted(event["subject"] for event in whole) == sorted([*clients, "byra-ett", "byra-tva"])
    assert (await onboarding.order("announce", aggregates=["nobody"]))["unknown"] == ["nobody"]
    versions = await onboarding.rows("select distinct version from clients")
    assert [row["version"] for row in versions] == [1]


async def test_an_announcement_goes_on_where_it_was_and_shows_how_far(onboarding: Resident) -> None:
    await onboarding.context.database.execute(
        """insert into agencies select 'byra-' || n, 1, 'Byrå ' || n, 'sv', 'all' from generate_series(1, 450) n"""
    )
    await onboarding.order("announce", aggregates="all", dry_run=False)
    work = announce.job(onboarding.context.service.announcers).work
    async with onboarding.context.database.unit_of_work() as uow:
        assert await work(uow) == announce.BATCH
    headers = onboarding.token("op", roles=["operator"])
    status = (await onboarding.http.get("/v1/operations/status", headers=headers)).json()
    assert [(each["kind"], each["announced"]) for each in status["announcing"]] == [("agency", announce.BATCH)]
    await onboarding.carry_out()  # another process would do the same
    said = [event["subject"] for event in await onboarding.said()]
    assert (len(said), len(set(said))) == (450, 450)
    status = (await onboarding.http.get("/v1/operations/status", headers=headers)).json()
    assert status["announcing"] == []


async def test_an_activation_is_announced_whole_and_onboarding_follows_it(
    onboarding: Resident, activation: Resident
) -> None:
    await put_agency(onboarding, "byra-ett")
    client_id = await create(onboarding)
    (born,) = await onboarding.said("client-events")
    await activation.handle(heard(born, "client-events"))
    path = f"/v1/activations/{client_id}/activate"
    assert (await activation.http.post(path, headers=activation.token("erik"))).status_code == 200
    (snapshot,) = await activation.announce([client_id])
    assert snapshot["sequence"] == "2"
    data = snapshot["data"]
    assert (data["status"], data["activated_by"]["sub"]) == ("activated", "erik")
    assert [(row["program"], row["purchased"]) for row in data["licences"]] == [("bookkeeping", 2), ("invoicing", 1)]
    assert [(user["sub"], user["grants"][0]["kind"]) for user in data["users"]] == [("erik", "system_administrator")]
    await onboarding.handle(heard(snapshot, "activation-events"))
    (row,) = await onboarding.rows("select status, version from clients")
    assert (row["status"], row["version"]) == ("active", 1)


async def test_only_an_operator_announces(activation: Resident) -> None:
    answer = await activation.http.post(
        "/v1/operations/announce", json={"aggregates": "all"}, headers=activation.token()
    )
    assert answer.status_code == 403


async def test_after_a_restore_a_version_is_never_said_twice(activation: Resident) -> None:
    await activation.handle(created())
    (snapshot,) = await activation.announce("all", raise_versions=True)
    await activation.http.post(f"/v1/activations/{CLIENT}/activate", headers=activation.token())
    last = int((await activation.said())[-1]["sequence"])
    assert last == int(snapshot["sequence"]) + 1
    for restored in (1, last):  # the same backup again, then one that was made since
        await activation.context.database.execute("update activations set version = $1", restored)
        last, before = int((await activation.announce("all", raise_versions=True))[-1]["sequence"]), last
        assert before < last < 10**17
    await activation.context.database.execute(
        "update activations set version = 4 * $1::bigint", last
    )  # a clock set back
    assert int((await activation.announce("all", raise_versions=True))[-1]["sequence"]) == 4 * last + 1


async def test_a_wrong_name_is_refused_with_those_that_there_are(onboarding: Resident, notifier: Resident) -> None:
    async def refused(who: Resident, path: str, **body: Any) -> list[str]:
        headers = who.token("op", roles=["operator"])
        answer = await who.http.post(f"/v1/operations/{path}", json=body, headers=headers)
        assert answer.status_code == 404, answer.text
        there_are: list[str] = answer.json()["there_are"]
        return there_are

    assert await refused(onboarding, "announce", aggregates="all", kind="x") == ["agency", "client"]
    assert await refused(notifier, "announce", aggregates="all") == []
    assert await refused(notifier, "projections/x/forget", ids="all") == ["clients", "agencies"]
    there_are = await refused(notifier, "offsets/accept", topic="x", reason="tried")
    assert {"activation-events", "notification-events"} < set(there_are)


async def test_nothing_is_accepted_without_a_reason(notifier: Resident) -> None:
    headers = notifier.token("op", roles=["operator"])
    for reason in ({}, {"reason": "x"}):
        body = {"topic": "activation-events", "dry_run": False, **reason}
        answer = await notifier.http.post("/v1/operations/offsets/accept", json=body, headers=headers)
        assert [each["pointer"] for each in answer.json()["errors"]] == ["/reason"]


async def test_what_an_owner_tells_again_is_said_with_what_is_accepted(notifier_on_kafka: Resident) -> None:
    """Where the notifier did not hear that a client was erased, only `client.snapshot` has it blank the mails."""

    async def announced(topic: str) -> tuple[str, bool]:
        body, headers = {"topic": topic, "reason": "made anew"}, notifier_on_kafka.token("op", roles=["operator"])
        answer = await notifier_on_kafka.http.post("/v1/operations/offsets/accept", json=body, headers=headers)
        return answer.json()["owner"], answer.json()["announced"]

    assert await announced("client-events") == ("onboarding", True)
    assert await announced("activation-events") == ("activation", True)
    assert await announced("notification-events") == ("notifier", False)
