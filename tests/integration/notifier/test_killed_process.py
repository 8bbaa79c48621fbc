"""A notifier process that is killed at each step of a mail: never a second copy, and nothing forgotten."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from chassis.settings import environment
from services.notifier.leases import sweep
from tests.infrastructure import ROOT, Infrastructure
from tests.integration.notifier.running import Running
from tests.link_keys import write_link_keys
from tests.unit.notifier.events import listed


async def killed_at(place: str, running: Running, infra: Infrastructure, keys: Path) -> None:
    """Runs `python -m services.notifier` until it kills itself at the failpoint."""
    env = {
        **environment(),
        "AKTIVERA_ENVIRONMENT": "test",
        "AKTIVERA_KAFKA_BOOTSTRAP": infra.kafka,
        "AKTIVERA_TOKEN_KEYS_FILE": str(keys),
        "AKTIVERA_FAILPOINT": f"{place}:kill",
        "NOTIFIER_DATABASE_DSN": running.context.settings.database_dsn,
        "NOTIFIER_CONSUME": "false",
        "NOTIFIER_SMTP_PORT": str(running.server.port),
        "NOTIFIER_SMTP_TLS": "none",
        "NOTIFIER_LINK_KEYS_FILE": str(write_link_keys(keys.with_name("link-keys.json"))),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notifier", cwd=ROOT, env=env, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        assert await asyncio.wait_for(process.wait(), 30) == -9
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("place", "left", "came_to", "copies"),
    [
        ("notifier.after_claim", "sending", "sent", 1),
        ("notifier.after_rcpt", "sending", "sent", 1),
        ("notifier.before_data", "transmitting", "unknown", 0),
        ("notifier.after_dot", "transmitting", "unknown", 1),
        ("notifier.after_250", "transmitting", "unknown", 1),
        ("notifier.after_sent_commit", "sent", "sent", 1),
    ],
)
async def test_a_killed_process_leaves_no_second_copy(
    place: str, left: str, came_to: str, copies: int, running: Running, infra: Infrastructure, tmp_path: Path
) -> None:
    await running.hear(listed(uuid4()))
    await killed_at(place, running, infra, tmp_path / "keys.json")
    assert (await running.mail())["state"] == left

    await running.context.database.execute(
        "update emails set lease_until = clock_timestamp() - interval '1 second' where lease_until is not null"
    )
    await sweep(running.context.database)
    async with running.delivering():
        await running.mail_is(came_to)
    assert len(running.server.accepted) == copies
