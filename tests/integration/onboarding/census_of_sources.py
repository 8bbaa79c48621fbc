"""The census: what is refused to operators that set up sources, and to sources that send what they may not."""

from typing import Any

from services.onboarding.domain.sources import MOST_SOURCES
from tests.integration.onboarding.census import Told, fresh, number_of, told_of
from tests.integration.onboarding.census_acts import act, request
from tests.integration.onboarding.running import Running


async def asked(running: Running, method: str, slug: str, body: Any = None, role: str = "operator") -> Told:
    headers = running.token("olle", roles=[role])
    return Told.of((await running.http.request(method, f"/v1/sources/{slug}", json=body, headers=headers)).json())


async def there(running: Running, slug: str) -> None:
    """A source that is there already, added when its topics were."""
    await running.context.database.execute(
        """insert into sources (source, slug, topic, results_topic, agencies)
           values ('/upstream/' || $1, $1, 'onboarding-requests-' || $1, 'onboarding-results-' || $1, '{byra-ett}')""",
        slug,
    )


@act("operator_required", "http")
async def added_by_an_agency(running: Running) -> Told:
    return await asked(running, "PUT", "bolag", {"agencies": ["byra-ett"]}, role="agency_admin")


@act("unknown_source", "http")
async def shown_what_nobody_added(running: Running) -> Told:
    return await asked(running, "GET", "ingen")


@act("source_is_first", "http")
async def removed_the_first(running: Running) -> Told:
    return await asked(running, "DELETE", "demo")


@act("source_topics_missing", "http")
async def added_without_topics(running: Running) -> Told:
    return await asked(running, "PUT", f"bolag-{fresh()}", {"agencies": ["byra-ett"]})


@act("source_differs", "http")
async def added_twice_and_otherwise(running: Running) -> Told:
    slug = f"bolag-{fresh()}"
    await there(running, slug)
    return await asked(running, "PUT", slug, {"agencies": ["byra-tva"]})


@act("too_many_sources", "http")
async def added_one_too_many(running: Running) -> Told:
    for number in range(MOST_SOURCES):
        await there(running, f"fler-{number}")
    told = await asked(running, "PUT", f"bolag-{fresh()}", {"agencies": ["byra-ett"]})
    await running.context.database.execute("delete from sources where slug like 'fler-%'")
    return told


@act("event_type_not_allowed", "event")
async def asked_for_what_the_source_may_not(running: Running) -> Told:
    await running.context.database.execute("update sources set may = '{cancellation}' where slug is null")
    told = await told_of(running, request(number_of(fresh())))
    await running.context.database.execute("update sources set may = default where slug is null")
    return told
