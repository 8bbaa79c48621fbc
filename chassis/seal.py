"""Seals the bytes of held events: AES-256-GCM with a key from a file, so that a dump of the table reads nothing."""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.settings import read_secret

NONCE_BYTES = 12


class Seal:
    """Seals and opens bytes. `context` is bound in: sealed bytes cannot be moved to another row."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def from_file(cls, path: Path) -> "Seal":
        """Reads 32 bytes in base64. Raises ValueError where they are something else."""
        key = base64.b64decode(read_secret(path))
        if len(key) != 32:
            raise ValueError(f"{path} must hold 32 bytes in base64")
        return cls(key)

    def close(self, content: bytes, context: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Raises cryptography.exceptions.InvalidTag where key, context or content differ."""
        if len(sealed) <= NONCE_BYTES:
            raise InvalidTag
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
