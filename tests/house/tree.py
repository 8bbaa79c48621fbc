"""The files of this project: what is committed, or, in a copy without its history, all that is not made by tools."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("schemas", "chassis", "services", "aktivera")
MADE_BY_TOOLS = {".git", ".venv", ".local", ".hypothesis", "__pycache__", "build", ".mypy_cache", ".ruff_cache"}


@cache
def files() -> tuple[Path, ...]:
    """Paths relative to the root, sorted; only those that are there."""
    # safe.directory: the tree may belong to another user than the one who runs the tests.
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, check=False) if (ROOT / ".git").exists() else None
    if done is not None and done.returncode == 0:
        named = [Path(name) for name in done.stdout.decode().split("\0") if name]
    else:
        named = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
    return tuple(sorted(path for path in named if (ROOT / path).is_file() and not MADE_BY_TOOLS & set(path.parts)))


def python_files() -> tuple[Path, ...]:
    return tuple(path for path in files() if path.suffix == ".py")


def is_migration(path: Path) -> bool:
    return "migrations" in path.parts
