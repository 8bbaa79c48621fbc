"""Secrets of the vault, for tests; and numbers encrypted as a source would."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import orjson
from joserfc.jwe import encrypt_compact
from joserfc.jwk import ECKey

ALGORITHMS = ["ECDH-ES+A256KW", "A256GCM"]


def write_vault_secrets(folder: Path, *intake: ECKey) -> dict[str, str]:
    """Fresh secrets in a folder, with the intake keys given or a fresh one; answers the settings that name them."""
    for name in ("vault-key", "vault-pepper"):
        (folder / name).write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
    write_intake_keys(folder, *(intake or (intake_key(),)))
    return vault_settings(folder)


def write_intake_keys(folder: Path, *keys: ECKey) -> None:
    content = json.dumps({"keys": [each.as_dict(private=True) for each in keys]})
    (folder / "intake-keys.json").write_text(content)


def vault_settings(folder: Path) -> dict[str, str]:
    return {
        "ONBOARDING_VAULT_KEY_FILE": str(folder / "vault-key"),
        "ONBOARDING_VAULT_PEPPER_FILE": str(folder / "vault-pepper"),
        "ONBOARDING_INTAKE_KEYS_FILE": str(folder / "intake-keys.json"),
    }


def intake_key(kid: str | None = None) -> ECKey:
    key = ECKey.generate_key("P-256", {"kid": kid} if kid else None, private=True)
    key.ensure_kid()
    return key


def encrypted(payload: Any, public: dict[str, Any], **header: Any) -> str:
    """A compact JWE to a published key, as a source makes one; `header` adds to what it says or changes it."""
    plain = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    named = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": public["kid"], **header}
    algorithms = [*ALGORITHMS, named["alg"], named["enc"], "DEF"]
    return encrypt_compact(named, plain, ECKey.import_key(public), algorithms=algorithms)
