"""The command `invitation`: a client's own people can come in where no mail brings them their code."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aktivera.cli import app
from aktivera.local.credentials import LINK_KEYS
from aktivera.local.layout import Layout
from chassis.ids import uuid7
from tests.integration.activation.managing import Managed
from tests.integration.activation.running import Running


@pytest.fixture
def here(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """This machine's stack, as far as the command looks at it."""
    settings: Any = running.context.settings
    layout = Layout(tmp_path / "stack")
    layout.create()
    shutil.copy(settings.link_keys_file, layout.secrets / LINK_KEYS)
    layout.endpoints_file.write_text(json.dumps({"postgres": {"activation": settings.dsn}}))
    monkeypatch.setenv("AKTIVERA_ROOT", str(layout.root))
    return running


async def invitation(*arguments: str) -> Any:
    return await asyncio.to_thread(CliRunner().invoke, app, ["invitation", *arguments])


async def test_the_code_that_is_printed_lets_the_invited_in_and_is_printed_no_more(here: Running) -> None:
    client = await Managed.of(here)
    lisa = (await client.invite("lisa")).json()
    await client.invite("olle")

    both = await invitation(str(client.client_id), "--json")
    one = await invitation(str(client.client_id), lisa["user_id"], "--json")
    (told,) = json.loads(one.output)
    accepted = await client.accept(told["invitation_id"], "lisa", told["code"])
    later = await invitation(str(client.client_id), lisa["user_id"])

    assert [each["name"] for each in json.loads(both.output)] == ["Lisa", "Olle"]
    assert accepted.json()["user_id"] == lisa["user_id"]
    assert (later.exit_code, later.output) == (1, "no invitation is open\n")
    words = (await invitation(str(client.client_id))).output
    assert "/accept" in words
    assert "Olle <olle@exempelbolaget.se>" in words


async def test_where_no_stack_runs_the_command_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKTIVERA_ROOT", str(tmp_path))

    answer = await invitation(str(uuid7()))

    assert answer.exit_code == 1
    assert "make up" in answer.stderr
