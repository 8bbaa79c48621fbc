"""The keys that upstream sources encrypt personal numbers to: published, and used to open what comes (RFC 7516)."""

from pathlib import Path
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry, decrypt_compact
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from chassis.key_files import MOST_KEYS, KeyFile, SecretUnusable, read_text

KEY_AGREEMENT = "ECDH-ES+A256KW"
CONTENT_ENCRYPTION = "A256GCM"
CURVE = "P-256"
LONGEST = 8192

_REGISTRY = JWERegistry(algorithms=[KEY_AGREEMENT, CONTENT_ENCRYPTION])
"""These two and no other. Without `DEF` among them nothing unpacks to more than came."""


class Undecryptable(Exception):  # named after the fact
    """What a source encrypted cannot be opened: another key, another algorithm, changed on its way, or no JWE at all.

    It does not say which: whoever tries out what we make of changed ciphertexts shall learn nothing from the answer.
    """


class IntakeKeys:
    """Private keys by id. The first is published; the others still open what was encrypted to them earlier."""

    def __init__(self, path: Path) -> None:
        """From a JWKS with private keys of one kind. Raises SecretUnusable."""
        self._file = KeyFile(path, _read)

    def published(self) -> dict[str, Any]:
        """The JWKS for sources: the public half of the newest key alone, so that older ones fall out of use."""
        _, newest = self._file.current()
        facts = newest.as_dict(private=False)
        public = {name: facts[name] for name in ("kty", "crv", "x", "y", "kid")}
        return {"keys": [public | {"use": "enc", "alg": KEY_AGREEMENT, "enc": CONTENT_ENCRYPTION}]}

    def open(self, jwe: str) -> bytes:
        """The content of a compact JWE. Raises Undecryptable."""
        key = self._file.find(_kid(jwe))
        if key is None:
            raise Undecryptable
        try:
            return decrypt_compact(jwe, key, registry=_REGISTRY).plaintext or b""
        except Exception:  # the library lets through what is below it, which shares no base; none may stop the reader
            raise Undecryptable from None


def _kid(jwe: str) -> str:
    """The key id in the header of a compact JWE that is small enough to be opened. Raises Undecryptable."""
    encoded = jwe.partition(".")[0] if len(jwe) <= LONGEST else ""
    try:
        return str(orjson.loads(urlsafe_b64decode(encoded.encode()))["kid"])
    except (ValueError, TypeError, KeyError):
        raise Undecryptable from None


def _read(path: Path) -> dict[str, ECKey]:
    text = read_text(path)
    try:
        given = orjson.loads(text)["keys"]
        keys = [ECKey.import_key(each) for each in given]
    except (ValueError, TypeError, KeyError, JoseError):
        keys = []
    usable = all(each.is_private and each.curve_name == CURVE and each.kid for each in keys)
    if not 0 < len(keys) <= MOST_KEYS or not usable or len({each.kid for each in keys}) < len(keys):
        raise SecretUnusable(f"{path} must hold a JWKS of private EC keys on {CURVE}, each with a kid of its own")
    return {str(key.kid): key for key in keys}
