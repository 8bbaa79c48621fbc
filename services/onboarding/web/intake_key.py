"""The route of the key that sources encrypt personal numbers to."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.onboarding import vault
from services.onboarding.web.bodies import PublishedKeys

CACHED_SECONDS = 300
MEDIA_TYPE = "application/jwk-set+json"

router = APIRouter(tags=["intake"])


@router.get(
    "/v1/intake/key",
    summary="The public key that personal numbers in events are encrypted to; for everybody",
    response_model=PublishedKeys,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
)
async def key() -> JSONResponse:
    headers = {"Cache-Control": f"public, max-age={CACHED_SECONDS}"}
    return JSONResponse(vault.opened().intake.published(), headers=headers, media_type=MEDIA_TYPE)
