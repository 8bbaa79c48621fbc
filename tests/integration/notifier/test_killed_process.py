"""A notifier process that is killed at each step of a mail: never a second copy, and nothing forgotten."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from services.notifier.leases import sweep
from tests.infrastructure import Infrastructure
from tests.integration.notifier.process import start_process
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import listed


async def killed_at(place: str, running: Running, infra: Infrastructure, keys: Path) -> None:
    """Runs `python -m services.notifier` until it kills itself at the failpoint."""
    process = await start_process(running, infra, keys, AKTIVERA_FAILPOINT=f"{place}:kill")
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
