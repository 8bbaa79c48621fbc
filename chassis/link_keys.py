"""The keys that make the codes in mailed links: named, so that they can be exchanged while old links still work."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.settings import read_secret


@dataclass(frozen=True)
class LinkKeys:
    """Keys by their names; `current` names the one for new links."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def from_file(cls, path: Path) -> "LinkKeys":
        """From JSON: `{"current": name, "keys": {name: 32 bytes in base64}}`. Raises ValueError, OSError."""
        content = json.loads(read_secret(path))
        keys = {name: base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
        if any(len(key) < 32 for key in keys.values()):
            raise ValueError("a link key has less than 32 bytes")
        if content["current"] not in keys:
            raise ValueError("the current link key is not among the keys")
        return cls(content["current"], keys)

    def code(self, kid: str, *facts: object) -> str:
        """The code for these facts (ids, generations): 43 letters of base64url; a random one where the key is gone."""
        key = self.keys.get(kid) or secrets.token_bytes(32)
        digest = hmac.new(key, "\x1f".join(map(str, facts)).encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
