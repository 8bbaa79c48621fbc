"""The HTTP side of a service: its routes, with problems, health, metrics and the operator's view."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from chassis import health, operations, problems, recovery
from chassis.parameters import only_known_parameters
from chassis.retrier import Retrier
from chassis.service import Context, Served

LARGEST_BODY_BYTES = 256 * 1024
NO_OTHERS: Mapping[str, int] = MappingProxyType({})


class Application(FastAPI):
    """Its document says of refusals the content type that they have."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            for routes in super().openapi()["paths"].values():
                for route in routes.values():
                    _refuse_as_problems(route["responses"])
        assert self.openapi_schema is not None
        return self.openapi_schema


def _refuse_as_problems(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status[0] in "45" and "application/json" in response.get("content", {}):
            response["content"][problems.CONTENT_TYPE] = response["content"].pop("application/json")


def create_app(opened: Context, **options: Any) -> FastAPI:
    """The application of one service, over what it has opened."""
    service = opened.service
    app = bare_app(opened, service.name, service.description, service.largest_bodies, **options)
    app.state.retrier = Retrier(opened.database, opened.subscriptions, service.catalogue, opened.seal)
    app.include_router(health.router)
    app.include_router(operations.router)
    app.include_router(recovery.router)
    include(app, service.routers)
    return app


def bare_app(
    served: Served, name: str, description: str, largest_bodies: Mapping[str, int] = NO_OTHERS, **options: Any
) -> FastAPI:
    """An application without a route, whose refusals and bounds are those of every service."""
    app = Application(
        title=f"Aktivera {name}",
        version="1",
        description=description,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": problems.Problem, "description": "Refused; `code` says why"}},
        **options,
    )
    app.state.context = served
    problems.install(app, LARGEST_BODY_BYTES, largest_bodies)
    return app


def include(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Adds a service's own routes, which refuse a query parameter that they do not know."""
    for router in routers:
        app.include_router(router, dependencies=[Depends(only_known_parameters)])
