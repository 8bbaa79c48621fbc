"""A restore that is cut off anywhere leaves the old databases and secrets or the restored ones, and never neither."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from aktivera import SERVICES
from aktivera.local import credentials, ports, stack
from aktivera.local.backup import SecretsChanged, backup
from aktivera.local.launch import launch
from aktivera.local.layout import Layout, Say, read_json, replace_json
from aktivera.local.postgres import PostgresNode, provision
from aktivera.local.restore import put_in_place, restore
from tests.integration.local.conftest import BASE

pytestmark = pytest.mark.timeout(120)

TODAY = ("of today", [1, 2])
OF_THE_BACKUP = ("of the backup", [1])


@pytest.fixture
def backed_up(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A backup of one fact and a key; then a second fact and another key."""
    monkeypatch.setenv("AKTIVERA_BROKER", "mock")
    file = layout.root / "backup.tar.gz"
    credentials.ensure_keys(layout.secrets)
    (layout.secrets / "key").write_text("of the backup")
    replace_json(layout.ports_file, {name: ports.free_port() for name in ports.DEFAULTS})
    replace_json(layout.endpoints_file, {"broker": "kafka"})
    with served(layout) as server:
        for name in SERVICES:
            asyncio.run(provision(server, name, layout.secrets))
        asyncio.run(ask(server, "onboarding", "create table facts (fact int); insert into facts values (1)"))
        asyncio.run(ask(server, "notifier", GATE))
        backup(layout.root, file)
        asyncio.run(ask(server, "onboarding", "insert into facts values (2)"))
    (layout.secrets / "key").write_text("of today")
    yield file
    stack.clean(layout.root)


def test_a_restore_that_is_cut_off_leaves_what_was_there(layout: Layout, backed_up: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as cut:
        restore(layout.root, backed_up, cut_off_at("restoring notifier"))
    assert found(layout) == TODAY
    assert "are as they were" in cut.value.__notes__[0]


def test_what_was_restored_takes_the_place_of_what_was_there_which_is_kept(layout: Layout, backed_up: Path) -> None:
    put_in_place(layout, backed_up, quiet)
    assert (found(layout), found(layout, ".before-restore")) == (OF_THE_BACKUP, TODAY)
    with served(layout) as server:
        assert asyncio.run(ask(server, "notifier", "select held from mail_gate")) == [True]
    put_in_place(layout, backed_up, quiet)
    assert found(layout, ".before-restore") == OF_THE_BACKUP


def test_a_backup_during_which_a_key_is_dropped_is_refused_and_leaves_no_file(layout: Layout, backed_up: Path) -> None:
    """What was dumped before may be wrapped by it: the backup would hold numbers that nothing opens any more."""
    file = layout.root / "torn.tar.gz"

    def drop_key(said: str) -> None:
        if said == "dumping notifier":
            (layout.secrets / "key").write_text("of later")

    with served(layout), pytest.raises(SecretsChanged):
        backup(layout.root, file, drop_key)
    assert not file.exists()


def test_a_backup_waits_for_the_command_that_is_at_work(layout: Layout, backed_up: Path) -> None:
    """In the middle of a restore the databases of two times are there."""
    with pytest.raises(KeyboardInterrupt), layout.one_command_at_a_time(quiet):
        backup(layout.root, layout.root / "beside.tar.gz", cut_off_at("another command is at work"))
    assert backed_up.exists()


def test_a_swap_that_is_cut_off_twice_is_finished_by_the_next_start(layout: Layout, backed_up: Path) -> None:
    with pytest.raises(KeyboardInterrupt) as cut:
        restore(layout.root, backed_up, cut_off_at("kept as .local/postgres.before-restore"))
    assert "`make up` finishes it" in cut.value.__notes__[0]
    with pytest.raises(KeyboardInterrupt):
        stack.up(layout.root, say=cut_off_at("kept as .local/secrets.before-restore"))
    stack.up(layout.root, only_infrastructure=True, say=quiet)
    stack.down(layout.root, say=quiet)
    assert (found(layout), found(layout, ".before-restore")) == (OF_THE_BACKUP, TODAY)


GATE = """create table mail_gate (held bool, since timestamptz, by text, why text);
          insert into mail_gate values (false, now(), '', '')"""


@contextmanager
def served(layout: Layout, ending: str = "") -> Iterator[str]:
    """A server on the databases of today or of another time; its superuser's address."""
    port, secrets = read_json(layout.ports_file)["postgres"], layout.home / f"secrets{ending}"
    node = PostgresNode(layout.home / f"postgres{ending}", port, secrets, BASE)
    node.prepare()
    process = launch(node.spec(), layout.log)
    try:
        asyncio.run(node.ready())
        yield node.superuser_dsn
    finally:
        process.send_signal(node.spec().stop_signal)
        process.wait(20)


def found(layout: Layout, ending: str = "") -> tuple[str, list[int]]:
    """The key and the facts of today or of another time."""
    with served(layout, ending) as server:
        facts = asyncio.run(ask(server, "onboarding", "select fact from facts order by fact"))
    return (layout.home / f"secrets{ending}" / "key").read_text(), facts


async def ask(server: str, database: str, text: str) -> list[int]:
    connection = await asyncpg.connect(server.rpartition("/")[0] + f"/{database}")
    try:
        if text.startswith("select"):
            return [row[0] for row in await connection.fetch(text)]
        await connection.execute(text)
        return []
    finally:
        await connection.close()


def cut_off_at(line: str) -> Say:
    def say(said: str) -> None:
        if line in said:
            raise KeyboardInterrupt

    return say


def quiet(_line: str) -> None:
    """Progress."""
