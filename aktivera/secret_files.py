"""An installation's secrets in containers: random, made once, and for each container a folder with its own alone."""

from pathlib import Path

from aktivera import SERVICES
from aktivera.local.credentials import (
    HELD_KEY,
    INTAKE_KEYS,
    LINK_KEYS,
    PUBLIC_KEYS,
    SIGNING_KEY,
    VAULT_KEY,
    VAULT_PEPPER,
    ensure_keys,
    password,
)

FOR_OURS = 0o400  # every container of ours runs as the user that writes them
FOR_ANOTHER_USER = 0o444  # Postgres runs as another, which we cannot give files to: the mount decides who reads them
ALL = "all"  # the folder that keeps every secret; the others hold copies of it
SUPERUSER = "postgres-superuser"
_LOGINS = tuple(f"postgres-{role}" for service in SERVICES for role in (service, f"{service}_owner"))
SHARES = {
    "postgres": (SUPERUSER,),
    "migrate": (SUPERUSER, *_LOGINS),
    "onboarding": ("postgres-onboarding", PUBLIC_KEYS, HELD_KEY, VAULT_KEY, VAULT_PEPPER, INTAKE_KEYS),
    "activation": ("postgres-activation", PUBLIC_KEYS, HELD_KEY, LINK_KEYS),
    "notifier": ("postgres-notifier", PUBLIC_KEYS, HELD_KEY, LINK_KEYS),
    "insights": (PUBLIC_KEYS,),
    "demo": (SIGNING_KEY,),
    "aktivera": (SIGNING_KEY,),
}


def make_secrets(folder: Path) -> list[str]:
    """Makes what is missing in `folder`/all and copies each container's share beside it; answers what was made."""
    kept = folder / ALL
    before = _names(kept)
    for name in (SUPERUSER, *_LOGINS):
        password(kept, name)
    ensure_keys(kept)
    for recipient, names in SHARES.items():
        for name in names:
            _copy(kept / name, folder / recipient / name, FOR_ANOTHER_USER if recipient == "postgres" else FOR_OURS)
    return sorted(_names(kept) - before)


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*")}


def _copy(source: Path, target: Path, mode: int) -> None:
    content = source.read_text(encoding="utf-8")
    if target.exists() and target.read_text(encoding="utf-8") == content:
        target.chmod(mode)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(content, encoding="utf-8")
    fresh.chmod(mode)
    fresh.replace(target)
