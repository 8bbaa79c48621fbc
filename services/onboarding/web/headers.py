"""Headers that are stored or passed on: Idempotency-Key and X-Correlation-ID, neither with a personal number in it."""

from fastapi import Request

from schemas.errors import Pointed
from services.onboarding.domain.disclosure import NumberDisclosed, discloses_a_number

PASSED_ON = ("Idempotency-Key", "X-Correlation-ID")


def harmless_headers(request: Request) -> None:
    """Raises NumberDisclosed."""
    wrong = [Pointed(f"/{name}", NumberDisclosed.code) for name in PASSED_ON if _discloses(request, name)]
    if wrong:
        raise NumberDisclosed(wrong)


def _discloses(request: Request, name: str) -> bool:
    return any(discloses_a_number(value) for value in request.headers.getlist(name))
