"""Bearer tokens (JWT, RFC 7519): who calls, for which agency, in which roles."""

import asyncio
import hashlib
import math
import re
import time
import warnings
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet
from pydantic import BaseModel, StringConstraints, ValidationError

from chassis.clock import system_clock
from chassis.failures import NotNow
from chassis.settings import CommonSettings
from schemas.errors import Refused
from schemas.personal_numbers import NumberDisclosed, discloses_a_number

log = structlog.get_logger(__name__)

ALGORITHMS = ["EdDSA", "Ed25519", "RS256"]  # the first two are one: RFC 9864 renames it, issuers follow slowly
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
LEEWAY_SECONDS = 30
NAME_CHARACTERS = 200  # a longer name is cut: a person is not refused for it
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")  # what is none is as if it were not there
PLAIN = r"^[^\x00-\x1f\x7f]*$"
ISSUER_SECONDS = 5.0
REFRESH_SECONDS = 300
REMEMBERED = 10_000  # tokens that were verified lately
LEAST_REFRESH_SECONDS = 10  # unknown key ids may not make us ask the issuer more often


class Unauthenticated(Refused):
    """No token came with the request."""

    code = "unauthenticated"


class TokenInvalid(Refused):
    """The token is not one that we accept now."""

    code = "token_invalid"


class NotAllowed(Refused):
    """The caller's roles do not allow this."""

    code = "not_allowed"


class OperatorRequired(Refused):
    """Only an operator of the service may do this."""

    code = "operator_required"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `client` is set for a client's own user; agency staff act for any client of their agency.

    `until` is the Unix second from which the token is not accepted any more.
    """

    sub: str
    agency: str
    roles: frozenset[str]
    name: str
    client: str | None = None
    email: str | None = None
    locale: str = "sv"
    until: float = math.inf

    def must_be(self, *roles: str) -> None:
        """Raises NotAllowed unless the caller has one of the roles."""
        if not self.roles.intersection(roles):
            raise NotAllowed(roles=sorted(roles))

    def must_be_staff(self, *roles: str) -> None:
        """Raises NotAllowed unless the caller is no client's own user and has one of the roles."""
        if self.client is not None:
            raise NotAllowed
        self.must_be(*roles)


@dataclass(frozen=True, slots=True)
class _Known:
    """A token that was verified with these keys; its signature need not be looked at again until it ends."""

    caller: Caller
    keys: KeySet | None
    until: float


class Tokens:
    """Verifies tokens against the issuer's public keys, from a file or an address."""

    def __init__(self, settings: CommonSettings) -> None:
        self._settings = settings
        self._keys: KeySet | None = None
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._known: dict[bytes, _Known] = {}

    async def caller(self, token: str) -> Caller:
        """The caller a token names. Raises TokenInvalid, NumberDisclosed."""
        keys = await self._key_set(least_age=REFRESH_SECONDS)
        digest = hashlib.blake2b(token.encode(), digest_size=32).digest()
        known = self._known.get(digest)
        if known is not None and known.keys is keys and system_clock().timestamp() < known.until:
            return known.caller
        claims = await self._claims(token, keys)
        caller = _caller(claims, until=float(claims["exp"]) + LEEWAY_SECONDS)
        if len(self._known) >= REMEMBERED:
            self._known.clear()  # rare, and cheaper than to keep an order
        self._known[digest] = _Known(caller, self._keys, float(claims["exp"]))
        return caller

    async def _claims(self, token: str, keys: KeySet) -> dict[str, Any]:
        try:
            return self._verified(token, keys)
        except (JoseError, ValueError):
            keys = await self._key_set(least_age=LEAST_REFRESH_SECONDS)  # the issuer may have a new key
        try:
            return self._verified(token, keys)
        except (JoseError, ValueError) as error:
            raise TokenInvalid from error

    def _verified(self, token: str, keys: KeySet) -> dict[str, Any]:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.token_issuer},
            aud={"essential": True, "value": self._settings.token_audience},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(claims)
        return claims

    async def _key_set(self, least_age: float) -> KeySet:
        """The issuer's keys, asked for anew when older than `least_age` seconds. Old ones serve while it is away."""
        if self._keys is None or time.monotonic() - self._asked_at > least_age:
            if self._asking is None or self._asking.done():
                self._asked_at = time.monotonic()
                self._asking = asyncio.create_task(self._refresh())
            if self._keys is None:
                await asyncio.shield(self._asking)
            elif least_age == LEAST_REFRESH_SECONDS:
                await asyncio.wait([self._asking], timeout=ISSUER_SECONDS)
        if self._keys is None:
            raise NotNow("the issuer's keys cannot be had")
        return self._keys

    async def _refresh(self) -> None:
        try:
            self._keys = KeySet.import_key_set(orjson.loads(await self._read()))
        except (httpx.HTTPError, OSError, ValueError) as error:
            log.warning("the issuer's keys cannot be read", error=type(error).__name__)

    async def _read(self) -> bytes:
        if self._settings.token_keys_file is not None:
            return self._settings.token_keys_file.read_bytes()
        if self._settings.token_keys_url is None:
            raise ValueError("set AKTIVERA_TOKEN_KEYS_FILE or AKTIVERA_TOKEN_KEYS_URL")
        async with httpx.AsyncClient(timeout=ISSUER_SECONDS) as client:
            answer = await client.get(self._settings.token_keys_url)
            answer.raise_for_status()
            return answer.content


class _Claims(BaseModel):
    """What a token must carry beside what is verified: short texts without control characters."""

    sub: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PLAIN)]
    agency: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PLAIN)]
    roles: list[Annotated[str, StringConstraints(max_length=64)]] = []
    name: Annotated[str, StringConstraints(pattern=PLAIN)] | None = None
    client: Annotated[str, StringConstraints(max_length=64, pattern=PLAIN)] | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=PLAIN)] | None = None
    locale: Annotated[str, StringConstraints(max_length=16, pattern=PLAIN)] | None = None


def _caller(claims: dict[str, Any], until: float) -> Caller:
    try:
        given = _Claims.model_validate(claims)
    except ValidationError as error:
        raise TokenInvalid from error
    if discloses_a_number(given.sub):  # stored with nearly every act, and told on topics
        raise NumberDisclosed
    return Caller(
        sub=given.sub,
        agency=given.agency,
        roles=frozenset(given.roles),
        name=(given.name or given.sub)[:NAME_CHARACTERS],
        client=given.client,
        email=given.email if given.email and ADDRESS.fullmatch(given.email) else None,
        locale="en" if (given.locale or "sv").startswith("en") else "sv",
        until=until,
    )
