"""What every service's HTTP side promises: who may call, refusals that explain themselves, answers given once."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Header
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey, RSAKey

from chassis import problems
from chassis.app import create_app
from chassis.callers import Store, Who, Why
from chassis.clock import system_clock
from chassis.commands import Answer, answer
from chassis.handling import Handler
from chassis.idempotency import IdempotencyKey
from chassis.lifecycle import opened
from chassis.service import Context, Service
from chassis.settings import CommonSettings
from schemas.envelope import Decision, Say
from tests.infrastructure import Infrastructure
from tests.integration.chassis import toy
from tests.integration.chassis.slow_bodies import Slow

router = APIRouter()


class Add:
    """The toy's one command."""

    def __init__(self, tally: str) -> None:
        self.tally = tally


def add(state: toy.Tally | None, command: Add, _now: Any) -> Decision[toy.Tally]:
    if command.tally == "forbidden":
        raise toy.Forbidden
    after = toy.Tally((state.total if state else 0) + 1, (state.version if state else 0) + 1)
    return Decision(after, (Say(toy.TotalV1(tally=command.tally, total=after.total), after.version),))


HANDLER: Handler[Any, Any] = Handler(load=toy.load, save=toy.save, decide={Add: add})


@router.post("/v1/tallies/{tally}")
async def post(
    tally: str, who: Who, store: Store, why: Why, idempotency_key: str | None = Header(None)
) -> dict[str, Any]:
    key = IdempotencyKey.of(f"{who.agency}/{who.sub}", idempotency_key, tally.encode()) if idempotency_key else None
    given = await answer(
        store, HANDLER, tally, Add(tally), why, lambda change: Answer(200, {"total": change.after.total}), key
    )
    return given.body


@router.post("/v1/broken")
async def broken(who: Who) -> None:
    raise RuntimeError("secret 811218-9876")


@router.post("/v1/hanging")
async def hanging(who: Who, store: Store) -> None:
    async with store.unit_of_work():
        await asyncio.Event().wait()


@pytest.fixture
def signing_key() -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": "k1"}, private=True)


@pytest.fixture
async def context(
    infra: Infrastructure, database_for: Callable[[Service], Awaitable[str]], tmp_path: Path, signing_key: OKPKey
) -> Any:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [signing_key.as_dict(private=False)]}))
    service = Service(
        "toy", "Counts", toy.ToySettings, toy.CATALOGUE, toy.SERVICE.migrations, toy.SERVICE.subscriptions, (router,)
    )
    common = CommonSettings(environment="test", kafka_bootstrap=infra.kafka, token_keys_file=keys)
    context = await opened(service, common, toy.ToySettings(database_dsn=await database_for(service)))
    yield context
    await context.database.pool.close()


@pytest.fixture
async def client(context: Context) -> Any:
    transport = httpx.ASGITransport(create_app(context), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://toy") as client:
        yield client


def claims(**others: Any) -> dict[str, Any]:
    usual = {
        "iss": "https://aktivera.local",
        "aud": "aktivera",
        "sub": "karin",
        "agency": "byra-ett",
        "roles": ["client_manager"],
        "exp": int((system_clock() + timedelta(minutes=5)).timestamp()),
    }
    return {name: value for name, value in (usual | others).items() if value is not None}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(key: Any, algorithm: str = "EdDSA", **others: Any) -> dict[str, str]:
    return bearer(jwt.encode({"alg": algorithm, "kid": "k1"}, claims(**others), key, [algorithm]))


async def test_a_command_answers_and_publishes_in_one_transaction(
    client: httpx.AsyncClient, context: Context, signing_key: OKPKey
) -> None:
    got = await client.post("/v1/tallies/a", headers=signed(signing_key) | {"X-Correlation-ID": "mine"})
    assert (got.status_code, got.json()) == (200, {"total": 1})
    row = await context.database.fetchrow("select payload from outbox")
    assert json.loads(row["payload"])["correlationid"] == "mine"


async def test_the_same_idempotency_key_does_it_once_and_another_content_is_refused(
    client: httpx.AsyncClient, context: Context, signing_key: OKPKey
) -> None:
    headers = signed(signing_key) | {"Idempotency-Key": "k"}
    answers = [(await client.post("/v1/tallies/a", headers=headers)).json() for _ in range(3)]
    assert answers == [{"total": 1}] * 3
    other = await client.post("/v1/tallies/b", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    rows = await context.database.fetch("select total from tallies")
    assert [row["total"] for row in rows] == [1]


async def test_no_token_is_401_and_says_what_to_do_in_both_languages(client: httpx.AsyncClient) -> None:
    got = await client.post("/v1/tallies/a")
    body = got.json()
    assert (got.status_code, body["code"]) == (401, "unauthenticated")
    assert got.headers["content-type"] == "application/problem+json"
    assert body["detail_sv"] != body["detail_en"]
    assert body["title"]


async def test_tokens_that_are_not_ours_are_refused(client: httpx.AsyncClient, signing_key: OKPKey) -> None:
    stranger = OKPKey.generate_key("Ed25519", {"kid": "k1"}, private=True)
    public_bytes = str(signing_key.as_dict(private=False)["x"])
    past = int((system_clock() - timedelta(minutes=5)).timestamp())
    refused = {
        "another key": signed(stranger),
        "another issuer": signed(signing_key, iss="https://elsewhere"),
        "another audience": signed(signing_key, aud="elsewhere"),
        "no audience": signed(signing_key, aud=None),
        "no expiry": signed(signing_key, exp=None),
        "expired": signed(signing_key, exp=past),
        "no subject": signed(signing_key, sub=None),
        "no agency": signed(signing_key, agency=None),
        "the public key as a secret": signed(OctKey.import_key(public_bytes), "HS256"),
        "another algorithm": signed(RSAKey.generate_key(2048), "RS256"),
        "no signature": bearer("eyJhbGciOiJub25lIn0.eyJzdWIiOiJrYXJpbiJ9."),
        "not a token": bearer("nonsense"),
        "a control character in the name": signed(signing_key, name="a\x00b"),
        "a subject longer than a subject": signed(signing_key, sub="x" * 256),
        "roles that are no list": signed(signing_key, roles="operator"),
    }
    for why, headers in refused.items():
        got = await client.post("/v1/tallies/a", headers=headers)
        assert (got.status_code, got.json()["code"]) == (401, "token_invalid"), why


async def test_a_refusal_of_the_rules_has_its_own_status_and_code(
    client: httpx.AsyncClient, signing_key: OKPKey
) -> None:
    got = await client.post("/v1/tallies/forbidden", headers=signed(signing_key))
    assert (got.status_code, got.json()["code"]) == (403, "not_allowed")


async def test_a_bug_answers_500_without_its_text(client: httpx.AsyncClient, signing_key: OKPKey) -> None:
    got = await client.post("/v1/broken", headers=signed(signing_key))
    assert (got.status_code, got.json()["code"]) == (500, "internal_error")
    assert "811218" not in got.text


async def test_a_request_that_hangs_is_ended_and_gives_its_connection_back(
    client: httpx.AsyncClient, context: Context, signing_key: OKPKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "ANSWER_SECONDS", 0.2)
    hangs = [client.post("/v1/hanging", headers=signed(signing_key)) for _ in range(12)]  # more than there are
    assert {answer.status_code for answer in await asyncio.gather(*hangs)} == {503}
    monkeypatch.undo()
    assert (await client.post("/v1/tallies/a", headers=signed(signing_key))).status_code == 200


async def test_an_unknown_path_and_method_and_a_large_body_are_problems_too(
    client: httpx.AsyncClient, signing_key: OKPKey
) -> None:
    headers = signed(signing_key)
    assert (await client.get("/v1/nothing", headers=headers)).json()["code"] == "not_found"
    assert (await client.get("/v1/tallies/a", headers=headers)).json()["code"] == "method_not_allowed"
    large = await client.post("/v1/tallies/a", headers=headers, content=b"x" * 300_000)
    assert (large.status_code, large.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(("headers", "code"), [({}, "unauthenticated"), (bearer("nonsense"), "token_invalid")])
async def test_without_a_token_nothing_of_a_body_is_read_and_the_connection_ends(
    client: httpx.AsyncClient, headers: dict[str, str], code: str
) -> None:
    slow = Slow(client)
    tasks = await slow.begun(1, headers)
    done, _ = await asyncio.wait(tasks, timeout=5)
    ended = await slow.ended(tasks)
    assert (len(done), slow.read, ended) == (1, 0, {401})
    assert (tasks[0].result().json()["code"], tasks[0].result().headers["connection"]) == (code, "close")


async def test_slow_bodies_of_one_caller_leave_room_for_others(
    client: httpx.AsyncClient, signing_key: OKPKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "BODIES_AT_ONCE", 3)
    slow, operator = Slow(client), dict[str, Any](roles=["operator"])
    tasks = await slow.begun(3, signed(signing_key, **operator))
    own, other = [
        await client.post(
            "/v1/operations/held-events/1/retry", headers=signed(signing_key, sub=sub, **operator), json={}
        )
        for sub in ("karin", "erik")
    ]
    ended = await slow.ended(tasks)
    assert (own.status_code, other.status_code, ended) == (503, 404, {404})
    again = await client.post("/v1/operations/held-events/1/retry", headers=signed(signing_key, **operator), json={})
    assert again.status_code == 404


async def test_the_database_away_is_503_with_a_time_to_come_back(
    client: httpx.AsyncClient, context: Context, signing_key: OKPKey
) -> None:
    await context.database.pool.close()
    got = await client.post("/v1/tallies/a", headers=signed(signing_key))
    assert (got.status_code, got.json()["code"]) == (503, "service_unavailable")
    assert got.headers["retry-after"]


async def test_health_says_whether_work_can_be_done(client: httpx.AsyncClient, context: Context) -> None:
    assert (await client.get("/health/live")).json()["alive"]
    ready = await client.get("/health/ready")
    assert ready.json() == {"ready": True, "reasons": []}
    assert "aktivera_outbox_events 0.0" in (await client.get("/metrics")).text
    await context.database.pool.close()
    assert (await client.get("/health/ready")).status_code == 503


async def test_the_operators_routes_are_for_operators(client: httpx.AsyncClient, signing_key: OKPKey) -> None:
    for path in ("/v1/operations/status", "/v1/operations/held-events", "/v1/operations/trace"):
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers=signed(signing_key))).status_code == 403
        assert (await client.get(path, headers=signed(signing_key, roles=["operator"]))).status_code == 200


async def test_a_clients_own_user_is_nobodys_operator(client: httpx.AsyncClient, signing_key: OKPKey) -> None:
    headers = signed(signing_key, roles=["operator"], client="c-1")
    assert (await client.get("/v1/operations/status", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "held-events?reason=%00",
        "held-events?cursor=999999999999999999999999999999",
        "held-events/999999999999999999999999999999",
        "trace?client_id=%00",
        "trace?correlation_id=%00",
    ],
)
async def test_what_the_database_cannot_take_is_refused_before(
    client: httpx.AsyncClient, signing_key: OKPKey, path: str
) -> None:
    got = await client.get(f"/v1/operations/{path}", headers=signed(signing_key, roles=["operator"]))
    assert (got.status_code, got.json()["code"]) == (422, "invalid_content")
    assert got.json()["errors"][0]["in"] in {"query", "path"}


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_said_to_be_malformed(
    client: httpx.AsyncClient, signing_key: OKPKey, body: bytes
) -> None:
    headers = signed(signing_key, roles=["operator"]) | {"content-type": "application/json"}
    got = await client.post("/v1/operations/held-events/1/retry", headers=headers, content=body)
    assert got.json()["code"] == "malformed_json", got.text
    form = await client.post(
        "/v1/operations/held-events/1/retry", headers=signed(signing_key, roles=["operator"]), data={"a": "b"}
    )
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")
