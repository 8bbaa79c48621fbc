"""Who calls: from a request's bearer token, and what made them act.

What routes depend on is `async`, whether it waits or not: the framework runs anything else in a thread of its pool.
"""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis.db import Database
from chassis.doors import KNOWN
from chassis.ids import uuid7
from chassis.logs import scrub
from chassis.service import Context, Served
from chassis.tokens import Caller, Unauthenticated
from chassis.tracing import accepted, new_traceparent
from chassis.unit_of_work import Cause
from schemas.errors import Refused
from schemas.personal_numbers import discloses_a_number

LONGEST_KEY = 255

_bearer = HTTPBearer(auto_error=False, description="A JWT of the issuer; see README")


class IdempotencyKeyInvalid(Refused):
    """The Idempotency-Key is empty, too long, or has what nobody sees."""

    code = "invalid_idempotency_key"


async def context(request: Request) -> Context:
    """What the running service has open."""
    return _opened(request)


async def database(request: Request) -> Database:
    return _opened(request).database


async def caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """The caller that the bearer token names. Raises Unauthenticated, TokenInvalid, NumberDisclosed."""
    if credentials is None:
        raise Unauthenticated
    known: Caller | None = request.scope.get(KNOWN)
    served: Served = request.app.state.context
    return known or await served.tokens.caller(credentials.credentials)


async def cause(request: Request) -> Cause:
    """A request as the cause of what it makes us say. A sane `X-Correlation-ID` is taken over."""
    given = request.headers.get("x-correlation-id", "")
    plain = given.isascii() and given.isprintable() and 0 < len(given) <= 128
    sane = plain and scrub(given) == given and not discloses_a_number(given)
    correlation = given if sane else str(uuid7())
    return Cause(correlation, None, accepted(request.headers.get("traceparent")) or new_traceparent())


async def idempotency_key(given: Annotated[str | None, Header(alias="Idempotency-Key")] = None) -> str | None:
    """The key that a repeated request is known by; None where the caller gave none. Raises IdempotencyKeyInvalid."""
    if given is not None and not (given.isprintable() and 0 < len(given) <= LONGEST_KEY):
        raise IdempotencyKeyInvalid
    return given


def _opened(request: Request) -> Context:
    opened = request.app.state.context
    assert isinstance(opened, Context)
    return opened


Who = Annotated[Caller, Depends(caller)]
Store = Annotated[Database, Depends(database)]
Why = Annotated[Cause, Depends(cause)]
Opened = Annotated[Context, Depends(context)]
Key = Annotated[str | None, Depends(idempotency_key)]
