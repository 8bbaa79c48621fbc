"""The HTTP side of a service: routes, who calls, problems, health and metrics."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis import health, held_routes, problems
from chassis.db import Database
from chassis.ids import uuid7
from chassis.service import Context, Service
from chassis.tokens import Caller, Unauthenticated
from chassis.tracing import accepted, new_traceparent
from chassis.unit_of_work import Cause

LARGEST_BODY_BYTES = 256 * 1024

_bearer = HTTPBearer(auto_error=False, description="A JWT of the issuer; see README")


def context(request: Request) -> Context:
    """What the running service has open."""
    opened = request.app.state.context
    assert isinstance(opened, Context)
    return opened


def database(request: Request) -> Database:
    return context(request).database


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller that the bearer token names. Raises Unauthenticated, TokenInvalid."""
    if credentials is None:
        raise Unauthenticated
    return await context(request).tokens.caller(credentials.credentials)


def cause(request: Request) -> Cause:
    """A request as the cause of what it makes us say. `X-Correlation-ID` is taken over where it is sane."""
    given = request.headers.get("x-correlation-id", "")
    correlation = given if given.isprintable() and 0 < len(given) <= 128 else str(uuid7())
    return Cause(correlation, None, accepted(request.headers.get("traceparent")) or new_traceparent())


Who = Annotated[Caller, Depends(caller)]
Store = Annotated[Database, Depends(database)]
Why = Annotated[Cause, Depends(cause)]
Opened = Annotated[Context, Depends(context)]


def create_app(service: Service, opened: Context, **options: Any) -> FastAPI:
    """The application of one service, over what it has opened."""
    app = FastAPI(
        title=f"Aktivera {service.name}",
        version="1",
        description=service.description,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": problems.Problem, "description": "Refused; `code` says why"}},
        **options,
    )
    app.state.context = opened
    problems.install(app, LARGEST_BODY_BYTES)
    app.include_router(health.router)
    app.include_router(held_routes.router)
    routers: tuple[APIRouter, ...] = service.routers
    for router in routers:
        app.include_router(router)
    return app
