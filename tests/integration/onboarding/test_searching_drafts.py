"""Drafts are sought by name, a bounded part of what is stored at a time."""

import pytest

from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running


async def test_a_search_goes_so_far_and_the_next_page_goes_on(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody's search opens all that is stored in one answer, nor holds only what fits against the rule book."""
    monkeypatch.setattr("services.onboarding.web.drafts.AT_ONCE", 2)
    monkeypatch.setattr("services.onboarding.web.drafts.MOST_OPENED", 4)
    for name in ("Sökt 1", "Annat", "Sökt 2", "Annat", "Annat", "Annat", "Annat"):
        await Guide.begun(running, {"details": {"name": f"{name} AB"}})
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/drafts?q=sökt&limit=2{cursor and f'&cursor={cursor}'}"
        page = (await running.http.get(path, headers=running.token())).json()
        pages.append([each["name"] for each in page["items"]])
        cursor = page["next"]
    assert pages == [[], ["Sökt 2 AB", "Sökt 1 AB"]]
