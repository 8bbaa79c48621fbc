"""Query parameters: one that a route does not know is refused, since a misspelt filter must not be passed over."""

from collections.abc import Mapping

from fastapi import FastAPI, Request

from schemas.errors import Pointed, Refused

Known = Mapping[tuple[str, str], frozenset[str]]
"""Method and path of a route → the names that it takes."""


class UnknownParameter(Refused):
    """The route has no such query parameter."""

    code = "unknown_parameter"


async def only_known_parameters(request: Request) -> None:
    """Raises UnknownParameter with every name that the document of the routes does not have at this one."""
    if not request.query_params:
        return
    path = getattr(request.scope.get("route"), "path_format", "")
    known = _known(request.app).get((request.method.lower(), path))
    unknown = () if known is None else sorted(set(request.query_params) - known)
    if unknown:
        raise UnknownParameter([Pointed(f"/{name}", UnknownParameter.code, "query") for name in unknown])


def _known(app: FastAPI) -> Known:
    found: Known | None = getattr(app.state, "known_parameters", None)
    if found is None:
        found = app.state.known_parameters = {
            (method, path): frozenset(each["name"] for each in route.get("parameters", ()) if each["in"] == "query")
            for path, routes in app.openapi()["paths"].items()
            for method, route in routes.items()
        }
    return found
