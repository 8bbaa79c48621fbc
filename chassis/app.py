"""The HTTP side of a service: its routes, with problems, health, metrics and the operator's view."""

from typing import Any

from fastapi import Depends, FastAPI

from chassis import health, operations, problems, recovery
from chassis.parameters import only_known_parameters
from chassis.retrier import Retrier
from chassis.service import Context

LARGEST_BODY_BYTES = 256 * 1024


def create_app(opened: Context, **options: Any) -> FastAPI:
    """The application of one service, over what it has opened."""
    service = opened.service
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
    app.state.retrier = Retrier(opened.database, opened.subscriptions, service.catalogue, opened.seal)
    problems.install(app, LARGEST_BODY_BYTES, service.largest_bodies)
    app.include_router(health.router)
    app.include_router(operations.router)
    app.include_router(recovery.router)
    for router in service.routers:
        app.include_router(router, dependencies=[Depends(only_known_parameters)])
    return app
