"""Keys in files: one, or several of which the first is current; read again now and then, so that one can be exchanged.

What cannot be used is named by its file and never by its content.
"""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from chassis.settings import read_secret

log = structlog.get_logger(__name__)

KEY_BYTES = 32
MOST_KEYS = 20
REFRESH_SECONDS = 60.0
LEAST_REFRESH_SECONDS = 5.0  # unknown key ids may not make us read a file more often

Content = TypeVar("Content")


class SecretUnusable(ValueError):  # named after the fact
    """A secret cannot be read or is none; its text names the file and never the content."""

    code = "secret_unusable"


def key_id(key: bytes) -> str:
    """What a key is known by: made of the key itself, so that none can stand under another's name."""
    return hashlib.sha256(b"master-key-id" + key).hexdigest()[:16]


def read_key(path: Path) -> bytes:
    """The one key in a file. Raises SecretUnusable."""
    (key,) = _keys(path, most=1).values()
    return key


def read_keys(path: Path) -> dict[str, bytes]:
    """The keys in a file by their ids, one a line; the first is current. Raises SecretUnusable."""
    return _keys(path, most=MOST_KEYS)


def read_text(path: Path) -> str:
    """A secret file's text. Raises SecretUnusable: an OSError would be taken for the database's absence."""
    try:
        return read_secret(path)
    except (OSError, UnicodeError) as error:
        raise SecretUnusable(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'no text'}") from None


def _keys(path: Path, most: int) -> dict[str, bytes]:
    lines = read_text(path).split()
    try:
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except ValueError:
        keys = []
    if not 0 < len(keys) <= most or any(len(key) != KEY_BYTES for key in keys):
        each = "" if most == 1 else " a line, the current key first"
        raise SecretUnusable(f"{path} must hold {KEY_BYTES} bytes in base64{each}")
    return {key_id(key): key for key in keys}


class KeyFile(Generic[Content]):
    """What a file of keys holds by their ids, read again when it is older than asked for.

    A replica may meet what another has sealed or published with a key that has come into the file meanwhile.
    """

    def __init__(self, path: Path, read: Callable[[Path], Mapping[str, Content]]) -> None:
        self.path = path
        self._read = read
        self._keys = read(path)
        self._read_at = time.monotonic()

    def all(self) -> Mapping[str, Content]:
        """Every key, the current one first."""
        return self._fresh(REFRESH_SECONDS)

    def current(self) -> tuple[str, Content]:
        """The key for what is new."""
        return next(iter(self.all().items()))

    def find(self, name: str) -> Content | None:
        """The key with this id, or None."""
        return self._keys.get(name) or self._fresh(LEAST_REFRESH_SECONDS).get(name)

    def look_again(self) -> None:
        """Reads the file now. Raises SecretUnusable; the keys in hand stay."""
        self._keys = self._read(self.path)
        self._read_at = time.monotonic()

    def _fresh(self, least_age: float) -> Mapping[str, Content]:
        if time.monotonic() - self._read_at >= least_age:
            self._read_at = time.monotonic()
            try:
                self.look_again()
            except SecretUnusable as fact:  # those in hand serve on
                log.warning("keys cannot be read again", detail=str(fact))
        return self._keys
