"""Ports: the usual one, another where that is busy, and the same again next time."""

from pathlib import Path

import pytest

from aktivera.local import ports
from aktivera.local.layout import replace_json

pytestmark = pytest.mark.timeout(10)


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Usual ports that are free here, so that a stack of this machine's user does not disturb the test."""
    wanted = {name: ports.free_port() for name in ("kafka", "mail")}
    monkeypatch.setattr(ports, "DEFAULTS", wanted)
    return wanted


def test_free_ports_are_taken_as_they_are(tmp_path: Path, usual: dict[str, int]) -> None:
    said: list[str] = []
    assert ports.choose(tmp_path / "ports.json", said.append) == usual
    assert said == []


def test_a_busy_port_is_replaced_and_said_and_remembered(tmp_path: Path, usual: dict[str, int], busy_port: int) -> None:
    usual["mail"] = busy_port
    said: list[str] = []
    chosen = ports.choose(tmp_path / "ports.json", said.append)
    assert chosen["kafka"] == usual["kafka"]
    assert chosen["mail"] != busy_port
    assert ports.is_free(chosen["mail"])
    assert said == [f"port {busy_port} for mail is busy: {chosen['mail']} takes its place"]

    said.clear()
    assert ports.choose(tmp_path / "ports.json", said.append) == chosen
    assert said == []


def test_the_usual_port_is_taken_again_when_it_is_free_at_a_new_start(tmp_path: Path, usual: dict[str, int]) -> None:
    last = ports.free_port()
    replace_json(tmp_path / "ports.json", usual | {"mail": last})
    said: list[str] = []
    assert ports.choose(tmp_path / "ports.json", said.append) == usual
    assert said == [f"port {usual['mail']} for mail is free again (last time it was {last})"]


def test_our_own_processes_keep_their_ports(tmp_path: Path, usual: dict[str, int], busy_port: int) -> None:
    usual["mail"] = busy_port
    replace_json(tmp_path / "ports.json", usual)
    assert ports.choose(tmp_path / "ports.json", print, in_use_by_us={"mail"})["mail"] == busy_port
