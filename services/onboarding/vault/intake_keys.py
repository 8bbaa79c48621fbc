"""The keys that upstream sources encrypt personal numbers to: published, and used to open what comes (RFC 7516)."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from services.onboarding.vault.key_files import SecretUnusable, read_text

log = structlog.get_logger(__name__)

KEY_AGREEMENT = "ECDH-ES+A256KW"
CONTENT_ENCRYPTION = "A256GCM"
CURVE = "P-256"
LONGEST = 8192
MOST_KEYS = 20
REFRESH_SECONDS = 60.0
LEAST_REFRESH_SECONDS = 5.0  # unknown key ids may not make us read the file more often

_REGISTRY = JWERegistry(algorithms=[KEY_AGREEMENT, CONTENT_ENCRYPTION])
"""These two and no other. Without `DEF` among them nothing unpacks to more than came."""


class Undecryptable(Exception):  # named after the fact
    """What a source encrypted cannot be opened: another key, another algorithm, changed on its way, or no JWE at all.

    It does not say which: whoever tries out what we make of changed ciphertexts shall learn nothing from the answer.
    """


class IntakeKeys:
    """Private keys by id. The first is published; the others still open what was encrypted to them earlier.

    With a `path` the file is read again now and then, so that a new key needs no restart: one replica may have
    published a key that another has not read yet.
    """

    def __init__(self, keys: Sequence[ECKey], path: Path | None = None) -> None:
        self._keys = _by_id(keys)
        self._path = path
        self._read_at = time.monotonic()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """From a JWKS with private keys of one kind. Raises SecretUnusable."""
        return cls(_read(path), path)

    def published(self) -> dict[str, Any]:
        """The JWKS for sources: the public half of the newest key alone, so that older ones fall out of use."""
        self._refresh(REFRESH_SECONDS)
        newest = next(iter(self._keys.values()))
        facts = newest.as_dict(private=False)
        public = {name: facts[name] for name in ("kty", "crv", "x", "y", "kid")}
        return {"keys": [public | {"use": "enc", "alg": KEY_AGREEMENT, "enc": CONTENT_ENCRYPTION}]}

    def ids(self) -> list[str]:
        """The ids of all keys, the published one first."""
        return list(self._keys)

    def open(self, jwe: str) -> bytes:
        """The content of a compact JWE. Raises Undecryptable."""
        key = self._key(_kid(jwe))
        try:
            return decrypt_compact(jwe, key, registry=_REGISTRY).plaintext or b""
        except Exception:  # the library lets through what is below it, which shares no base; none may stop the reader
            raise Undecryptable from None

    def _key(self, kid: str) -> ECKey:
        if kid not in self._keys:
            self._refresh(LEAST_REFRESH_SECONDS)
        if kid not in self._keys:
            raise Undecryptable
        return self._keys[kid]

    def _refresh(self, least_age: float) -> None:
        if self._path is None or time.monotonic() - self._read_at < least_age:
            return
        self._read_at = time.monotonic()
        try:
            self._keys = _by_id(_read(self._path))
        except SecretUnusable as fact:  # those in hand serve on
            log.warning("the intake keys cannot be read again", detail=str(fact))


def _kid(jwe: str) -> str:
    """The key id in the header of a compact JWE that is small enough to be opened. Raises Undecryptable."""
    encoded = jwe.partition(".")[0] if len(jwe) <= LONGEST else ""
    try:
        return str(orjson.loads(urlsafe_b64decode(encoded.encode()))["kid"])
    except (ValueError, TypeError, KeyError):
        raise Undecryptable from None


def _read(path: Path) -> list[ECKey]:
    text = read_text(path)
    try:
        given = orjson.loads(text)["keys"]
        keys = [ECKey.import_key(each) for each in given]
    except (ValueError, TypeError, KeyError, JoseError):
        keys = []
    usable = all(each.is_private and each.curve_name == CURVE and each.kid for each in keys)
    if not 0 < len(keys) <= MOST_KEYS or not usable or len({each.kid for each in keys}) < len(keys):
        raise SecretUnusable(f"{path} must hold a JWKS of private EC keys on {CURVE}, each with a kid of its own")
    return keys


def _by_id(keys: Sequence[ECKey]) -> dict[str, ECKey]:
    return {str(key.kid): key for key in keys}
