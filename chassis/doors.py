"""Who may begin a body: where a route asks for a caller, its token is looked at before anything of the body is read."""

import re
from collections.abc import Sequence
from typing import Any

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import Scope

from chassis.tokens import Caller, Unauthenticated

KNOWN = "aktivera.caller"
"""Where a request's scope says who begins its body, so that the route need not look at the token again."""

Guarded = Sequence[tuple[str, re.Pattern[str]]]
"""Method and path of each route that asks for a caller."""


def announces_body(scope: Scope) -> bool:
    """Whether a body follows the head, which whoever sends it may take their time with."""
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""


async def caller_of(scope: Scope) -> Caller | None:
    """Who begins a body; None where the route asks for nobody. Raises Unauthenticated, TokenInvalid, NumberDisclosed,
    NotNow."""
    app = scope["app"]
    if not any(method == scope["method"] and path.match(scope["path"]) for method, path in _guarded(app)):
        return None
    scheme, token = get_authorization_scheme_param(Headers(scope=scope).get("authorization"))
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    known: Caller = await app.state.context.tokens.caller(token)
    scope[KNOWN] = known
    return known


def _guarded(app: Any) -> Guarded:
    found: Guarded | None = getattr(app.state, "guarded", None)
    if found is None:
        found = app.state.guarded = [
            (method.upper(), compile_path(path)[0])
            for path, routes in app.openapi()["paths"].items()
            for method, route in routes.items()
            if route.get("security")
        ]
    return found
