"""What the notifier keeps of others' aggregates: clients as bells, agencies with their consultants."""

from uuid import UUID

from chassis.announce import Source
from chassis.projections import Projection
from services.notifier.store import agencies, bells


async def clients(source: Source, after: str, limit: int) -> list[str]:
    return [str(each) for each in await bells.clients(source, UUID(after) if after else UUID(int=0), limit)]


PROJECTIONS = (
    Projection("clients", "activation", "activation", "activation-events", clients),
    Projection("agencies", "onboarding", "agency", "agency-events", agencies.page, agencies.clear),
)
