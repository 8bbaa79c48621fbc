"""Who may ask for what, and what the routes refuse."""

import pytest

from tests.integration.insights.in_process import Asked


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
        ("byra-ett", "agency_admin", "/v1/operations/status", 403, "not_allowed"),
        ("aktivera", "operator", "/v1/statistics?since=2026-03-02T12:00:00Z", 422, "unknown_parameter"),
    ],
)
async def test_what_may_not_be_seen_or_makes_no_sense_is_refused(
    asked: Asked, agency: str, role: str, path: str, status: int, code: str
) -> None:
    _, issuer, client = asked
    answer = await client.get(path, headers=issuer.token("karin", agency, role))
    assert (answer.json().get("code"), answer.status_code) == (code, status)


async def test_a_client_s_own_user_sees_no_statistics_whatever_role_the_token_says(asked: Asked) -> None:
    _, issuer, client = asked
    answer = await client.get("/v1/statistics", headers=issuer.token("lisa", "byra-ett", "operator", client="c"))
    assert answer.json().get("code") == "not_allowed"


async def test_nobody_sees_statistics_without_a_token(asked: Asked) -> None:
    for path in ("/v1/statistics", "/v1/statistics/stream", "/v1/operations/status"):
        assert (await asked[2].get(path)).json()["code"] == "unauthenticated"


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
        ("window=day", "/window", "invalid_choice"),
        (f"agency={'x' * 65}", "/agency", "value_too_long"),
    ],
)
async def test_a_period_that_is_none_is_refused_with_the_place_and_why(
    asked: Asked, query: str, pointer: str, code: str
) -> None:
    _, issuer, client = asked
    answer = (await client.get(f"/v1/statistics?{query}", headers=issuer.token())).json()
    assert answer["code"] == "invalid_content"
    assert [(each["pointer"], each["code"], each["in"]) for each in answer["errors"]] == [(pointer, code, "query")]


@pytest.mark.parametrize(
    ("query", "created"),
    [
        ("from=0001-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-14:00", 2),
        ("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z", 0),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
    ],
)
@pytest.mark.parametrize("window", ["hour", "minute"])
async def test_a_period_of_any_length_is_answered_with_what_is_kept_of_it(
    asked: Asked, query: str, created: int, window: str
) -> None:
    _, issuer, client = asked
    answer = (await client.get(f"/v1/statistics?{query}&window={window}", headers=issuer.token())).json()
    assert answer["totals"]["created"] == created
    assert sum(each["created"] for each in answer["windows"]) == created
    assert len(answer["windows"]) <= 2
