"""Whoever the issuer names by a personal number does nothing, wherever they ask; nor is one taken from a header."""

import re
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.notifier.__main__ import SERVICE
from tests.integration.notifier.running import Running
from tests.integration.notifier.test_emails import sent
from tests.told_numbers import tells_number


def places() -> list[tuple[str, str]]:
    """(method, path) of every route; at last the stream, which would not end."""
    app = FastAPI()
    for each in SERVICE.routers:
        app.include_router(each)
    paths = sorted(app.openapi()["paths"].items(), key=lambda each: each[0].endswith("/stream"))
    return [(method.upper(), path) for path, acts in paths for method in acts]


async def test_whom_a_token_names_by_a_number_is_refused_on_every_route(running: Running) -> None:
    headers = running.token("19811218-9876", roles=["client_manager", "agency_admin", "operator"])
    asked = 0
    for method, path in places():
        url = re.sub(r"\{\w+\}", str(UUID(int=1)), path)
        for body in (b"{}", None):
            answer = await running.http.request(method, url, headers=headers, content=body)
            assert answer.status_code == 422, path
            assert answer.json()["code"] == "personal_number_not_allowed"
            assert not tells_number(answer.text)
            asked += 1
    assert asked > 30


@pytest.mark.parametrize("given", ["811218-9876", "81 1218-9876", "request 811218 - 9876"])
async def test_a_correlation_id_that_holds_a_number_is_not_taken_over(running: Running, given: str) -> None:
    email_id = await sent(running)
    headers = running.token() | {"X-Correlation-ID": given}
    answer = await running.http.post(f"/v1/emails/{email_id}/resend", headers=headers)
    assert answer.status_code == 202
    kept = await running.rows("select correlation_id from emails where resend = 1")
    assert [given in row["correlation_id"] for row in kept] == [False]
