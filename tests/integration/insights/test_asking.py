"""Who may ask for what, and what the routes refuse."""

import asyncio

import pytest

from services.insights import pacing
from tests.eventually import eventually
from tests.integration.insights.conftest import Asked


@pytest.mark.parametrize(
    ("agency", "role", "query", "created"),
    [
        ("aktivera", "operator", {}, 2),
        ("aktivera", "operator", {"agency": "byra-tva"}, 1),
        ("byra-ett", "client_manager", {}, 1),
        ("byra-ett", "agency_admin", {"agency": "byra-ett"}, 1),
        ("byra-tre", "client_manager", {}, 0),
    ],
)
async def test_staff_see_their_own_agency_and_operators_see_all(
    asked: Asked, agency: str, role: str, query: dict[str, str], created: int
) -> None:
    _, issuer, client = asked
    answer = await client.get("/v1/statistics", params=query, headers=issuer.token("karin", agency, role))
    assert answer.status_code == 200, answer.text
    assert answer.json()["totals"]["created"] == created
    assert answer.json()["agency"] == (query.get("agency") or (None if role == "operator" else agency))


@pytest.mark.parametrize(
    ("agency", "role", "path", "status", "code"),
    [
        ("byra-ett", "client_manager", "/v1/statistics?agency=byra-tva", 403, "not_allowed"),
        ("byra-ett", "client_manager", "/v1/statistics/stream?agency=byra-tva", 403, "not_allowed"),
        ("byra-ett", "visitor", "/v1/statistics", 403, "not_allowed"),
        ("byra-ett", "agency_admin", "/v1/operations/status", 403, "operator_required"),
        ("aktivera", "operator", "/v1/statistics?since=2026-03-02T12:00:00Z", 422, "unknown_parameter"),
    ],
)
async def test_what_may_not_be_seen_or_makes_no_sense_is_refused(
    asked: Asked, agency: str, role: str, path: str, status: int, code: str
) -> None:
    _, issuer, client = asked
    answer = await client.get(path, headers=issuer.token("karin", agency, role))
    assert (answer.json().get("code"), answer.status_code) == (code, status)


async def test_who_asks_for_another_agency_is_told_what_was_not_allowed(asked: Asked) -> None:
    _, issuer, client = asked
    karin = issuer.token("karin", "byra-ett", "client_manager")
    answer = await client.get("/v1/statistics?agency=byra-tva", headers=karin)
    assert [(each["pointer"], each["in"]) for each in answer.json()["errors"]] == [("/agency", "query")]


async def test_a_client_s_own_user_sees_no_statistics_whatever_role_the_token_says(asked: Asked) -> None:
    _, issuer, client = asked
    answer = await client.get("/v1/statistics", headers=issuer.token("lisa", "byra-ett", "operator", client="c"))
    assert answer.json().get("code") == "not_allowed"


async def test_nobody_sees_statistics_without_a_token(asked: Asked) -> None:
    for path in ("/v1/statistics", "/v1/statistics/stream", "/v1/operations/status"):
        assert (await asked[2].get(path)).json()["code"] == "unauthenticated"


async def test_what_one_caller_asks_for_costs_the_counting_a_share_of_the_time_and_no_more(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Would break: somebody asks for a day's minutes again and again, and nothing is counted."""
    context, issuer, client = asked
    karin, erik = (issuer.token(sub, "byra-ett", "client_manager") for sub in ("karin", "erik"))
    monkeypatch.setattr(pacing, "SHARE", 1e-9)
    assert (await client.get("/v1/statistics", headers=karin)).status_code == 200
    waiting = [asyncio.ensure_future(client.get("/v1/statistics", headers=karin)) for _ in range(pacing.AT_ONCE)]

    async def all_wait() -> bool:
        return bool(context.state.paces.waiting[("byra-ett", "karin")] == pacing.AT_ONCE)

    await eventually(all_wait, within=5)
    refused = await client.get("/v1/statistics", headers=karin)
    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (429, "rate_limited", "1")
    assert (await client.get("/v1/statistics", headers=erik)).status_code == 200
    assert [each.done() for each in waiting] == [False] * pacing.AT_ONCE
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)
    assert not context.state.paces.waiting


async def test_whoever_has_waited_is_answered(asked: Asked) -> None:
    _, issuer, client = asked
    every = [client.get("/v1/statistics", headers=issuer.token()) for _ in range(pacing.AT_ONCE)]
    assert [each.status_code for each in await asyncio.gather(*every)] == [200] * pacing.AT_ONCE


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z", "/from", "empty_period"),
        ("from=2026-03-02T13:00:00Z&to=2026-03-02T13:30:00%2B01:00", "/from", "empty_period"),
        ("from=2999-01-01T00:00:00Z", "/from", "empty_period"),
        ("to=0001-01-01T00:00:00Z", "/from", "empty_period"),
        ("from=2026-03-02T12:00:00", "/from", "invalid_date"),
        ("to=2026-03-02T12:00:00%2B25:00", "/to", "invalid_date"),
        ("from=2026-03-02T12:00:00Europe/Stockholm", "/from", "invalid_date"),
        ("from=2026-03-02", "/from", "invalid_date"),
        ("from=0", "/from", "invalid_date"),
        ("to=1764000000", "/to", "invalid_date"),
        ("from=2026-03-02T12:00:00Z&to=2026-03-03T12:00:01Z&window=minute", "/from", "period_too_long"),
        ("from=0001-01-01T00:00:00Z&window=minute", "/from", "period_too_long"),
        ("window=day", "/window", "invalid_choice"),
        (f"agency={'x' * 65}", "/agency", "value_too_long"),
        ("agency=", "/agency", "invalid_value"),
    ],
)
async def test_a_period_that_is_none_is_refused_with_the_place_and_why(
    asked: Asked, query: str, pointer: str, code: str
) -> None:
    _, issuer, client = asked
    answer = (await client.get(f"/v1/statistics?{query}", headers=issuer.token())).json()
    assert answer.get("code") == "invalid_content"
    assert [(each["pointer"], each["code"], each["in"]) for each in answer["errors"]] == [(pointer, code, "query")]


@pytest.mark.parametrize(
    ("query", "created"),
    [
        ("from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-14:00", 2),
        ("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z", 0),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
        ("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z&window=minute", 0),
        ("window=minute", 2),
    ],
)
async def test_a_period_of_any_length_or_a_day_s_minutes_are_answered_with_what_is_kept_of_it(
    asked: Asked, query: str, created: int
) -> None:
    _, issuer, client = asked
    answer = (await client.get(f"/v1/statistics?{query}", headers=issuer.token())).json()
    assert answer["totals"]["created"] == created
    assert sum(each["created"] for each in answer["windows"]) == created
    assert len(answer["windows"]) <= 2
