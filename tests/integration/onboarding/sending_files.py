"""Sends files of new clients, lets the job work them off, and reads what became of their rows."""

from typing import Any

from chassis.jobs import run_job
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import content, organisation


async def post(running: Running, data: str | bytes, query: str = "", kind: str = "text/csv", **claims: Any) -> Any:
    return await running.http.post(
        f"/v1/clients/import{query}",
        content=data if isinstance(data, bytes) else data.encode(),
        headers=running.token(**claims) | {"Content-Type": kind},
    )


async def work(running: Running, name: str = "work-off-imports") -> int:
    """What the job does, until nothing is left."""
    jobs = running.context.service.jobs(running.context.settings)
    return await run_job(running.context.database, next(each for each in jobs if each.name == name))


async def done(running: Running, data: str | bytes, query: str = "", **claims: Any) -> dict[str, Any]:
    """The import of a file that was worked off."""
    answer = await post(running, data, query, **claims)
    assert answer.status_code == 202, answer.text
    await work(running)
    headers = running.token(**claims)
    shown: dict[str, Any] = (await running.http.get(answer.headers["location"], headers=headers)).json()
    assert shown["status"] == "done"
    return shown


async def told(running: Running, shown: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
    """All of its rows, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/v1/clients/imports/{shown['import_id']}/rows?limit=100{query}{cursor and f'&cursor={cursor}'}"
        page = (await running.http.get(path, headers=running.token())).json()
        rows += page["items"]
        cursor = page["next"]
    return rows


def numbered(count: int, first: int = 0) -> list[dict[str, Any]]:
    """As many clients with organisation numbers of their own."""
    return [content(details__identity__number=organisation(first + n)) for n in range(count)]
