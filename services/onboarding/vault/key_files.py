"""Reads the vault's secrets from their files; what cannot be used is named by its file and never by its content."""

import base64
from pathlib import Path

from chassis.settings import read_secret

KEY_BYTES = 32


class SecretUnusable(ValueError):  # named after the fact
    """A secret of the vault cannot be read or is none; its text names the file and never the content."""


def read_key(path: Path) -> bytes:
    """The one key in a file. Raises SecretUnusable."""
    text = read_text(path)
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretUnusable(f"{path} must hold {KEY_BYTES} bytes in base64")
    return key


def read_text(path: Path) -> str:
    """A secret file's text. Raises SecretUnusable: an OSError would be taken for the database's absence."""
    try:
        return read_secret(path)
    except (OSError, UnicodeError) as error:
        raise SecretUnusable(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'no text'}") from None
