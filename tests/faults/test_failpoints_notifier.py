"""PROMISE: a notifier that ends, fails or hangs at any step of a mail never sends a second copy and forgets none."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from chassis import kafka
from chassis.ids import uuid7
from tests.eventually import eventually
from tests.faults.mail.rig import STEPS
from tests.infrastructure import Infrastructure, fetch
from tests.system.rig import Replica, Rig
from tests.unit.notifier.events import listed

UNKNOWN_AFTER = {
    "notifier.before_data",
    "notifier.after_dot",
    "notifier.after_250",
}  # the server may have it: it is never sent again
MAILS = 4
WORKERS = 4
PATIENCE = {
    "NOTIFIER_SMTP_DATA_TIMEOUT_SECONDS": "3",
    "NOTIFIER_SMTP_CONNECT_TIMEOUT_SECONDS": "2",
    "NOTIFIER_SMTP_COMMAND_TIMEOUT_SECONDS": "2",
}


async def hear(rig: Rig, clients: list[UUID]) -> None:
    producer = kafka.producer(rig.common)
    await producer.start()
    try:
        for client in clients:
            event = listed(client, confirmation_email=f"{client}@example.se")
            await producer.send_and_wait(
                rig.common.topic_prefix + "activation-events",
                event.model_dump_json(by_alias=True, exclude_none=True).encode(),
                key=str(client).encode(),
                headers=[("ce_type", event.type.encode()), ("ce_id", event.id.encode())],
            )
    finally:
        await producer.stop()


async def states(rig: Rig, count: int) -> dict[str, str]:
    """Recipient → state, once all are settled."""
    rows = await fetch(rig.databases["notifier"], "select recipient, state from emails")
    found = {row["recipient"]: row["state"] for row in rows}
    assert len(rows) == count, len(rows)
    assert set(found.values()) <= {"sent", "unknown"}, Counter(found.values())
    return found


async def run(step: str, mode: str, replicas: int, rig: Rig) -> list[str]:
    """One step in one mode; says what went otherwise than promised."""
    rig.settings = PATIENCE
    rig.start_mail()
    armed = await rig.start("notifier", AKTIVERA_FAILPOINT=f"{step}:{mode}")
    others = [rig.launch("notifier") for _ in range(replicas - 1)]
    clients = [uuid4() for _ in range(MAILS)]
    try:
        await hear(rig, clients)
        count = await _until_fired(rig, armed, clients)
        if mode == "kill":
            assert armed.process.wait(15) == -9
            rig.replicas.remove(armed)
            rig.launch("notifier", armed.port)
        for each in others:
            await rig.ready(each)
        found = await eventually(lambda: states(rig, count), within=90, every=0.5)
    except AssertionError as error:
        return [f"{error}"]
    arrived = Counter(str(address) for mail in rig.mails() for address in mail["to"])
    odd = [
        f"{arrived[recipient]} copies of a mail that is {state}"
        for recipient, state in found.items()
        if arrived[recipient] > 1 or (state == "sent") > arrived[recipient]
    ]
    unknown = sum(state == "unknown" for state in found.values())
    fewest = int(step in UNKNOWN_AFTER)
    most = WORKERS if mode == "kill" else fewest  # -9 falls on those that the other workers have under way, too
    return odd + ([] if fewest <= unknown <= most else [f"{unknown} mails are unknown, expected {fewest} to {most}"])


async def _until_fired(rig: Rig, armed: Replica, clients: list[UUID]) -> int:
    """More mails until one of them comes to the armed replica; answers how many there are."""
    log = rig.folder / "notifier.log"

    async def fired() -> bool:
        if "failpoint fired" in log.read_text(errors="replace"):
            return True
        more = [uuid4()]
        clients.extend(more)
        await hear(rig, more)
        return False

    await eventually(fired, within=60, every=0.5)
    return len(clients)


SOAK = pytest.mark.soak


@pytest.mark.parametrize(
    ("mode", "replicas"),
    [
        pytest.param("kill", 1, marks=SOAK),  # `make test` has each step killed in test_killed_process
        pytest.param("kill", 2, marks=SOAK),
        pytest.param("raise", 1, marks=SOAK),
        pytest.param("raise", 2, marks=SOAK),
        pytest.param("hang", 1, marks=SOAK),
        pytest.param("hang", 2, marks=SOAK),
    ],
)
async def test_no_mail_is_sent_twice_or_forgotten_at_any_step(
    mode: str, replicas: int, infra: Infrastructure, tmp_path: Path, stopping: Callable[[Rig], Rig]
) -> None:
    async def one(step: str) -> list[str]:
        prefix = f"f{uuid7().hex[-10:]}-"
        (tmp_path / prefix).mkdir()
        return await run(step, mode, replicas, stopping(await Rig.build(infra, prefix, tmp_path / prefix)))

    answers = await asyncio.gather(*(one(step) for step in STEPS))
    assert {step: found for step, found in zip(STEPS, answers, strict=True) if found} == {}
