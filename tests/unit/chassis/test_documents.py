"""The document of a service's routes, which refusals are looked up in."""

from fastapi import FastAPI

from chassis.lifecycle import http_server
from chassis.settings import HttpSettings


def test_a_service_has_the_document_of_its_routes_before_it_takes_a_request() -> None:
    """Would break: the first request with a body or a query holds up all others while it is made."""
    app = FastAPI()

    @app.get("/v1/things")
    async def things() -> None: ...

    http_server(app, HttpSettings())
    assert app.openapi_schema is not None
    assert "/v1/things" in app.openapi_schema["paths"]
