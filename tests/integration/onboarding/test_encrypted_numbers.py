"""Personal numbers that sources encrypt: opened into the vault, bound to their request, and nowhere else afterwards."""

from typing import Any

import orjson
import pytest

from services.onboarding import vault
from tests.integration.in_process import Heard
from tests.integration.onboarding.running import REQUESTS, SOURCE, Running
from tests.told_numbers import tells_number
from tests.unit.onboarding.contents import association, cloud_event, content, sole_trader
from tests.vault_secrets import encrypted, intake_key

NUMBER = "811218-9876"


@pytest.fixture(autouse=True)
async def directory(running: Running) -> None:
    await running.register_agency()


async def published(running: Running) -> dict[str, Any]:
    answer = await running.http.get("/v1/intake/key")  # without a token: it is for everybody
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    return dict(key)


async def jwe(running: Running, event_id: str = "evt-1", number: str = NUMBER, **payload: Any) -> str:
    whole = {"number": number, "source": SOURCE, "id": event_id} | payload
    return encrypted(whole, await published(running))


def request(number_jwe: Any, event_id: str = "evt-1", **identity: Any) -> dict[str, Any]:
    sent = {"kind": "sole_trader", "number_jwe": number_jwe} | identity
    data = {"agency": "byra-ett", "external_ref": f"ref-{event_id}"} | content(details__identity=sent)
    return cloud_event(event_id, data=data)


async def answers(running: Running) -> list[tuple[str, str | None, list[dict[str, str]]]]:
    return [(kind, data.get("code"), data.get("errors", [])) for kind, data in await running.results()]


async def test_the_key_is_published_for_everybody_with_its_algorithms(running: Running) -> None:
    answer = await running.http.get("/v1/intake/key")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["use"], key["alg"], key["enc"]) == (
        *("EC", "P-256", "enc"),
        *("ECDH-ES+A256KW", "A256GCM"),
    )
    assert "d" not in key


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_an_encrypted_number_goes_into_the_vault_and_is_shown_masked(running: Running, mode: str) -> None:
    sent = request(await jwe(running))
    if mode == "structured":
        await running.ask(sent)
    else:
        data = orjson.dumps(sent.pop("data"))
        headers = [(f"ce_{name}", str(value).encode()) for name, value in sent.items()]
        await running.hear(Heard(REQUESTS, data, headers=[*headers, ("content-type", b"application/json")]))
    ((kind, accepted),) = await running.results()
    assert kind == "accepted"
    shown = (await running.http.get(f"/v1/clients/{accepted['client_id']}", headers=running.token())).json()
    assert shown["identity"]["number"] == "811218-••••"
    async with running.context.database.unit_of_work() as uow:
        (row,) = await running.rows("select client_id from vault")
        assert await vault.opened().reveal(uow, row["client_id"]) == "198112189876"


async def test_the_same_number_is_known_again_whether_a_person_or_a_source_sends_it(running: Running) -> None:
    await running.ask(request(await jwe(running)))
    answer = await running.create(content(details__identity=sole_trader("19811218-9876")))
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_client")


async def test_an_association_and_an_organisation_may_be_encrypted_too(running: Running) -> None:
    person = association()
    await running.ask(
        request(await jwe(running, "evt-1"), "evt-1", kind=person["kind"], responsible_person="Berit Berg"),
        request(await jwe(running, "evt-2", "556036-0793"), "evt-2", kind="organisation"),
    )
    assert [kind for kind, *_ in await answers(running)] == ["accepted", "accepted"]


async def test_the_same_number_encrypted_afresh_is_the_same_request_and_another_number_is_not(running: Running) -> None:
    first, again = await jwe(running), await jwe(running)
    assert first != again
    for each in (first, again, await jwe(running, number="121272-1219")):
        await running.ask(request(each))
    said = await running.results()
    assert [kind for kind, _ in said] == ["accepted", "accepted", "rejected"]
    assert said[0] == said[1]
    assert said[2][1]["code"] == "event_id_reused"
    assert len(await running.rows("select from clients")) == 1


@pytest.mark.parametrize("other", [{"id": "evt-2"}, {"source": "/upstream/other"}])
async def test_a_number_that_was_copied_from_another_request_is_refused(
    running: Running, other: dict[str, str]
) -> None:
    await running.ask(request(await jwe(running, **other)))
    assert await answers(running) == [
        (
            "rejected",
            "identity_not_for_this_request",
            [{"pointer": "/details/identity/number_jwe", "code": "identity_not_for_this_request"}],
        )
    ]
    assert await running.rows("select from clients") == []


async def test_what_cannot_be_opened_is_refused_for_good_and_answered_the_same_again(running: Running) -> None:
    stranger = encrypted({"number": NUMBER}, intake_key("nobody").as_dict(private=False))
    for _ in range(2):
        await running.ask(request(stranger))
    first, again = await running.results()
    assert first == again
    assert (first[1]["code"], first[1]["retryable"]) == ("identity_undecryptable", False)
    assert [each["pointer"] for each in first[1]["errors"]] == ["/details/identity/number_jwe"]


@pytest.mark.parametrize("wrong", [5, True, [], {}, "", "a.b.c.d.e", "x" * 9000, {"number": NUMBER}], ids=str)
async def test_anything_else_in_the_place_of_a_jwe_is_refused_and_held_nowhere(running: Running, wrong: Any) -> None:
    outcome = await running.ask(request(wrong))
    assert outcome.holds == []
    assert [code for _, code, _ in await answers(running)] == ["identity_undecryptable"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("811218-9877", "invalid_check_digit"),
        ("556036-0793", "invalid_personal_number"),
        ("", "invalid_personal_number"),
        ("8" * 41, "invalid_value"),
    ],
)
async def test_a_wrong_number_inside_is_refused_by_the_rule_book_at_its_place(
    running: Running, number: str, code: str
) -> None:
    await running.ask(request(await jwe(running, number=number)))
    assert await answers(running) == [("rejected", code, [{"pointer": "/details/identity/number_jwe", "code": code}])]


async def test_a_plain_and_an_encrypted_number_together_conflict(running: Running) -> None:
    await running.ask(request(await jwe(running), number=NUMBER))
    assert [code for _, code, _ in await answers(running)] == ["identity_conflict"]


@pytest.mark.parametrize("identity", [sole_trader(), association()], ids=["sole trader", "association"])
async def test_a_plain_personal_number_is_refused_and_stored_nowhere(
    running: Running, identity: dict[str, Any]
) -> None:
    data = {"agency": "byra-ett"} | content(details__identity=identity)
    await running.ask(cloud_event(data=data))
    assert await answers(running) == [
        (
            "rejected",
            "identity_must_be_encrypted",
            [{"pointer": "/details/identity/number", "code": "identity_must_be_encrypted"}],
        )
    ]
    for table in ("requests", "outbox", "held_events", "clients", "vault"):
        text = str(await running.rows(f"select * from {table}"))
        assert not tells_number(text), table


async def test_a_flood_of_what_cannot_be_opened_is_answered_one_by_one_and_stops_nobody(running: Running) -> None:
    good = await jwe(running, "evt-good")
    wrong = [request(good[:-2] + "AA", f"evt-{n}") for n in range(300)]
    outcome = await running.ask(*wrong, request(good, "evt-good"), *wrong[:50])
    assert (outcome.holds, outcome.applied) == ([], 351)
    codes = [code for _, code, _ in await answers(running)]
    assert codes == ["identity_undecryptable"] * 300 + [None] + ["identity_undecryptable"] * 50
