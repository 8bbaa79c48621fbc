"""Owns the local stack's passwords and keys: made once, each a file that only its owner reads."""

import base64
import json
import os
import secrets as random
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIGNING_KEY = "token-signing-key.json"
PUBLIC_KEYS = "token-keys.json"
HELD_KEY = "held-key"
VAULT_KEY = "vault-key"
VAULT_PEPPER = "vault-pepper"
INTAKE_KEYS = "intake-keys.json"
LINK_KEYS = "link-keys.json"


def password(folder: Path, name: str) -> str:
    """The password in file `name`, made at its first use."""
    return _once(folder / name, lambda: random.token_urlsafe(24))


def ensure_keys(folder: Path) -> None:
    """The keys that the services read by file. Never made anew: data sealed with them would be lost."""
    for name in (HELD_KEY, VAULT_KEY, VAULT_PEPPER):
        _once(folder / name, lambda: base64.b64encode(random.token_bytes(32)).decode())
    _once(folder / INTAKE_KEYS, lambda: json.dumps({"keys": [intake_key()]}))
    _once(folder / LINK_KEYS, _link_keys)
    private = json.loads(_once(folder / SIGNING_KEY, _signing_key))
    public = {name: value for name, value in private.items() if name != "d"}
    _once(folder / PUBLIC_KEYS, lambda: json.dumps({"keys": [public]}))


def _link_keys() -> str:
    return json.dumps({"current": "links-1", "keys": {"links-1": base64.b64encode(random.token_bytes(32)).decode()}})


def intake_key() -> dict[str, Any]:
    """A fresh private key (JWK) that sources can encrypt to."""
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES+A256KW"}, private=True)
    key.ensure_kid()
    return dict(key.as_dict(private=True))


def _signing_key() -> str:
    from joserfc.jwk import OKPKey

    key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": "EdDSA"}, private=True)
    key.ensure_kid()
    return json.dumps(key.as_dict(private=True))


def _once(path: Path, make: Callable[[], str]) -> str:
    """Linked into place when complete: of two makers at once the first wins, and a torn file is never read."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f"{path.name}.{random.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make())
        try:
            os.link(beside, path)
        except FileExistsError:
            pass
        finally:
            beside.unlink()
    return path.read_text()
