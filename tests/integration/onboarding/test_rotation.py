"""Exchanging the vault's master key: batch by batch, under kills, until the old key can be taken away."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from aktivera import key_exchange
from aktivera.local.ports import free_port
from chassis.key_files import read_keys
from chassis.settings import environment
from chassis.start_check import looked
from services.onboarding import vault
from services.onboarding.settings import VaultSettings
from services.onboarding.vault import MasterKeyMissing, SecretUnusable
from tests.eventually import eventually
from tests.infrastructure import ROOT
from tests.integration.onboarding.guide import Guide
from tests.integration.onboarding.running import Running
from tests.unit.onboarding.contents import association, content, sole_trader

REWRAPPED = "vault.rewrapped"
"""The failpoint between two batches."""

PEOPLE = ("811218-9876", "000229-1235", "121272-1219", "701061-1239")
OPERATOR: dict[str, Any] = {"agency": "drift", "roles": ["operator"]}


def key_file() -> Path:
    return VaultSettings().vault_key_file


@pytest.fixture
async def clients(running: Running) -> list[str]:
    """Four sole traders, wrapped with the first master key."""
    await running.register_agency()
    answers = [await running.create(content(details__identity=sole_trader(number))) for number in PEOPLE]
    assert [each.status_code for each in answers] == [201] * len(PEOPLE)
    return [each.json()["client_id"] for each in answers]


async def rewrap(running: Running, limit: int) -> int:
    answer = await running.http.post("/v1/vault/rotation", json={"limit": limit}, headers=running.token(**OPERATOR))
    assert answer.status_code == 200, answer.text
    return int(answer.json()["rewrapped"])


async def status(running: Running) -> tuple[list[tuple[bool, bool, int]], int]:
    told = (await running.http.get("/v1/vault", headers=running.token(**OPERATOR))).json()
    return [(each["present"], each["current"], each["in_use"]) for each in told["keys"]], told["remaining"]


async def revealed(running: Running) -> list[str]:
    async with running.context.database.unit_of_work() as uow:
        rows = await uow.connection.fetch("select client_id from vault order by client_id")
        return [str(await vault.opened().reveal(uow, row["client_id"])) for row in rows]


async def test_every_data_key_is_wrapped_anew_batch_by_batch_and_then_the_old_key_can_go(
    running: Running, clients: list[str]
) -> None:
    before = await running.rows("select client_id, sealed from vault order by client_id")
    (old,) = read_keys(key_file())
    numbers = await revealed(running)
    fresh = key_exchange.add_master_key(key_file())
    assert await status(running) == ([(True, True, 0), (True, False, 4)], 4)
    assert [await rewrap(running, 3) for _ in range(3)] == [3, 1, 0]
    assert await status(running) == ([(True, True, 4), (True, False, 0)], 0)
    key_exchange.drop_master_key(key_file(), old)
    vault.opened.cache_clear()
    assert await revealed(running) == numbers
    assert vault.opened().master.ids() == [fresh]
    assert await running.rows("select client_id, sealed from vault order by client_id") == before
    assert len(clients) == len(set(numbers)) == len(PEOPLE)


async def test_a_new_client_is_wrapped_with_the_current_key(running: Running, clients: list[str]) -> None:
    assert len(clients) == len(PEOPLE)
    key_exchange.add_master_key(key_file())
    await status(running)  # looks at the file
    created = await running.create(content(details__identity=association()))
    assert created.status_code == 201, created.text
    assert await status(running) == ([(True, True, 1), (True, False, 4)], 4)


async def test_a_draft_is_wrapped_anew_too_and_opens_afterwards(running: Running) -> None:
    await running.register_agency()
    guide = await (await Guide.begun(running)).fill(content(details__identity=sole_trader()))
    (old,) = read_keys(key_file())
    key_exchange.add_master_key(key_file())
    assert await status(running) == ([(True, True, 0), (True, False, 1)], 1)
    assert await rewrap(running, 10) == 1
    key_exchange.drop_master_key(key_file(), old)
    vault.opened.cache_clear()
    shown = await running.http.get(guide.path, headers=guide.headers)
    assert (shown.status_code, shown.json()["details"]["name"]) == (200, "Exempelbolaget AB")


async def test_a_key_that_is_needed_and_gone_stops_the_start_and_is_named(running: Running, clients: list[str]) -> None:
    (old,) = read_keys(key_file())
    key_exchange.add_master_key(key_file())
    assert await looked(running.context)
    key_exchange.drop_master_key(key_file(), old)
    vault.opened.cache_clear()
    with pytest.raises(SecretUnusable) as refused:
        await looked(running.context)
    assert str(key_file()) in str(refused.value)
    assert old in str(refused.value)
    assert await status(running) == ([(True, True, 0), (False, False, 4)], 4)
    assert await rewrap(running, 10) == 0
    with pytest.raises(MasterKeyMissing):
        await revealed(running)
    assert len(clients) == len(PEOPLE)


@pytest.mark.parametrize("claims", [{"roles": ["agency_admin"]}, {"roles": ["operator"], "client": "c-1"}])
async def test_only_operators_see_and_exchange_keys(running: Running, claims: dict[str, Any]) -> None:
    headers = running.token(**claims)
    for asked in (
        running.http.get("/v1/vault", headers=headers),
        running.http.post("/v1/vault/rotation", json={}, headers=headers),
    ):
        refused = await asked
        assert (refused.status_code, refused.json()["code"]) == (403, "operator_required")


@dataclass
class Process:
    """Onboarding as a process on the database of `running`, without Kafka."""

    running: Running
    folder: Path
    port: int = field(default_factory=free_port)
    started: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start(self, **more: str) -> "subprocess.Popen[bytes]":
        settings = {
            "AKTIVERA_ENVIRONMENT": "test",
            "AKTIVERA_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "AKTIVERA_TOKEN_KEYS_FILE": str(self.folder / "keys.json"),
            "ONBOARDING_DATABASE_DSN": self.running.context.settings.database_dsn,
            "ONBOARDING_HTTP_PORT": str(self.port),
            "ONBOARDING_CONSUME": "false",
        }
        env = dict(environment()) | settings | more
        command = [sys.executable, "-m", "services.onboarding"]
        with (self.folder / "log").open("ab") as log:
            self.started.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log))
        return self.started[-1]

    async def ready(self) -> None:
        async def probe() -> bool:
            async with httpx.AsyncClient() as client:
                try:
                    return (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).status_code == 200
                except httpx.HTTPError as error:
                    raise AssertionError(repr(error)) from error

        await eventually(probe, within=30)

    async def rewrap(self, limit: int) -> int:
        async with httpx.AsyncClient(headers=self.running.token(**OPERATOR), timeout=10) as client:
            answer = await client.post(f"http://127.0.0.1:{self.port}/v1/vault/rotation", json={"limit": limit})
            return int(answer.raise_for_status().json()["rewrapped"])


@pytest.fixture
def process(running: Running, tmp_path: Path) -> Iterator[Process]:
    process = Process(running, tmp_path)
    yield process
    for each in process.started:
        each.kill()
        each.wait(5)


async def test_a_rotation_that_is_killed_in_a_batch_goes_on_where_it_was(
    running: Running, clients: list[str], process: Process
) -> None:
    """Breaks if a batch is no transaction: a row between two keys could be opened by neither."""
    numbers = await revealed(running)
    (old,) = read_keys(key_file())
    key_exchange.add_master_key(key_file())
    dying = process.start(AKTIVERA_FAILPOINT=f"{REWRAPPED}:kill@3")
    await process.ready()
    assert [await process.rewrap(1) for _ in range(2)] == [1, 1]
    with pytest.raises(httpx.HTTPError):
        await process.rewrap(1)
    assert dying.wait(10) == -signal.SIGKILL
    assert await status(running) == ([(True, True, 2), (True, False, 2)], 2)
    assert await revealed(running) == numbers
    process.start()
    await process.ready()
    assert [await process.rewrap(10) for _ in range(2)] == [2, 0]
    key_exchange.drop_master_key(key_file(), old)
    vault.opened.cache_clear()
    assert await revealed(running) == numbers
    assert len(clients) == len(PEOPLE)


async def test_a_service_whose_vault_needs_another_key_does_not_start(
    running: Running, clients: list[str], process: Process
) -> None:
    (old,) = read_keys(key_file())
    key_exchange.add_master_key(key_file())
    key_exchange.drop_master_key(key_file(), old)
    assert process.start().wait(30) == 2
    said = (process.folder / "log").read_text().splitlines()
    assert said[0] == "onboarding: cannot start"
    assert old in said[1]
    assert len(said) == 2
    assert len(clients) == len(PEOPLE)
    assert await running.rows("select 1 from vault where master_key_id <> $1", old) == []
