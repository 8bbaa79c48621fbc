"""A whole stack with the mock broker, on a root and ports of its own, and the command as a person types it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aktivera.cli import app
from aktivera.local import ports, stack

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the command in a root where nothing is, or in the one that is named."""

    def command(*words: str, root: Path = tmp_path, **settings: str) -> Result:
        for name, value in {"AKTIVERA_ROOT": str(root), "USER": "karin", **settings}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(app, words)

    return command


@pytest.fixture(scope="module")
def mock_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root of a whole stack that runs beside the mock broker."""
    root = tmp_path_factory.mktemp("mock")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ports, "DEFAULTS", {name: ports.free_port() for name in ports.DEFAULTS})
        patch.setenv("AKTIVERA_BROKER", "mock")
        stack.up(root)
        yield root
        stack.clean(root)
