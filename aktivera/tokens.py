"""Bearer tokens for the local stack and the demo; in production an issuer signs."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import OKPKey

from chassis.clock import system_clock
from chassis.settings import CommonSettings

warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)  # the services accept its new name too


@dataclass(frozen=True)
class Bearer:
    """Who the token speaks for."""

    agency: str
    sub: str
    roles: Sequence[str] = field(default_factory=tuple)
    client: str | None = None
    name: str | None = None
    email: str | None = None
    locale: str = "sv"


def issue(key_file: Path, bearer: Bearer, minutes: int = 60) -> str:
    """A signed token. Raises OSError where the key cannot be read."""
    key = OKPKey.import_key(json.loads(key_file.read_text()))
    settings = CommonSettings()
    now = system_clock()
    claims = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": bearer.sub,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=minutes)).timestamp()),
        "agency": bearer.agency,
        "roles": list(bearer.roles),
        "client": bearer.client,
        "name": bearer.name,
        "email": bearer.email,
        "locale": bearer.locale,
    }
    header = {"alg": "EdDSA", "kid": key.kid}
    return jwt.encode(header, {name: value for name, value in claims.items() if value is not None}, key, ["EdDSA"])
