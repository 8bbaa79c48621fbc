"""What no request may pass on: a personal number of its caller, in a header that is stored, or in what is sought."""

from collections.abc import Iterator

from fastapi import APIRouter, Depends, Request

from chassis.callers import Who
from schemas.errors import Pointed
from schemas.personal_numbers import NumberDisclosed, discloses_a_number
from services.onboarding.domain.creation import refuse_disclosure
from services.onboarding.web.refusals import REFUSALS
from services.onboarding.web.refused_tries import recorded
from services.onboarding.web.staff import person

PASSED_ON = ("Idempotency-Key", "X-Correlation-ID")
SOUGHT = "q"


async def harmless(request: Request, who: Who) -> None:
    """Raises NumberDisclosed, and what says that nobody calls.

    Who calls is stored by nearly every act, and told on topics: whoever the issuer names by a number does nothing here.
    """
    refuse_disclosure(person(who))
    if wrong := [
        Pointed(f"/{name}", NumberDisclosed.code) for name, text in _given(request) if discloses_a_number(text)
    ]:
        raise NumberDisclosed(wrong)


def _given(request: Request) -> Iterator[tuple[str, str]]:
    for name in PASSED_ON:
        yield from ((name, text) for text in request.headers.getlist(name))
    yield from ((SOUGHT, text) for text in request.query_params.getlist(SOUGHT))


def guarded(*routers: APIRouter) -> APIRouter:
    """All these routes, each behind `harmless`, refusing in the shape of onboarding's refusals, and on record.

    In this order: who is named by a number is not recorded.
    """
    together = APIRouter(dependencies=[Depends(harmless), Depends(recorded)], responses=REFUSALS)
    for each in routers:
        together.include_router(each)
    return together
