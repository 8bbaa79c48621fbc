"""Two notifiers as processes before the chaos server, killed at one step of a mail after the other."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import Popen
from uuid import uuid4

from aktivera.local.ports import free_port
from chassis.settings import environment
from tests.eventually import eventually
from tests.faults.mail.scripts import SCRIPTS, Script
from tests.faults.mail.server import ChaosServer
from tests.infrastructure import ROOT
from tests.integration.in_process import InProcess
from tests.unit.notifier.events import listed

STEPS = (
    "notifier.after_claim",
    "notifier.after_rcpt",
    "notifier.before_data",
    "notifier.after_dot",
    "notifier.after_250",
    "notifier.after_sent_commit",
)
WORKERS = 8


@dataclass(frozen=True)
class Pace:
    """How much, and how fast. `speed`: of the clocks; `scale`: how long a script's second is; the rest in seconds."""

    mails: int
    kills: int
    speed: float
    scale: float
    data_timeout: float
    command_timeout: float = 2.0
    margin: float = 2.0
    within: float = 120.0


@dataclass
class MailRig:
    """`inside` looks into the tables and queues mails; nothing of the delivery runs in it."""

    inside: InProcess
    server: ChaosServer
    folder: Path
    origin: float
    pace: Pace
    fired: Counter[str] = field(default_factory=Counter)
    running: "list[Popen[bytes]]" = field(default_factory=list)

    async def queue(self, scripts: Sequence[Script]) -> None:
        """One mail for each script."""
        events = []
        for script in scripts:
            recipient = f"r{len(self.server.scripts)}@example.se"
            self.server.scripts[recipient] = script
            events.append(listed(uuid4(), confirmation_email=recipient))
        await self.inside.hear(*events)

    def launch(self, **settings: str) -> "Popen[bytes]":
        """One more replica, with its output in notifier.log."""
        pace = self.pace
        common, own = self.inside.context.common, self.inside.context.settings
        env = {
            "AKTIVERA_ENVIRONMENT": "test",
            "AKTIVERA_KAFKA_BOOTSTRAP": common.kafka_bootstrap,
            "AKTIVERA_TOPIC_PREFIX": common.topic_prefix,
            "AKTIVERA_TOPIC_PARTITIONS": str(common.topic_partitions),
            "AKTIVERA_TOKEN_KEYS_FILE": str(common.token_keys_file),
            "NOTIFIER_DATABASE_DSN": own.database_dsn,
            "NOTIFIER_HTTP_PORT": str(free_port()),
            "NOTIFIER_CONSUME": "false",
            "NOTIFIER_SMTP_PORT": str(self.server.port),
            "NOTIFIER_SMTP_TLS": "starttls",
            "NOTIFIER_LINK_KEYS_FILE": str(self.folder / "link-keys.json"),
            "SSL_CERT_FILE": str(self.folder / "mail.pem"),
            "NOTIFIER_SMTP_DATA_TIMEOUT_SECONDS": str(pace.data_timeout),
            "NOTIFIER_SMTP_CONNECT_TIMEOUT_SECONDS": str(pace.command_timeout),
            "NOTIFIER_SMTP_COMMAND_TIMEOUT_SECONDS": str(pace.command_timeout),
            "NOTIFIER_MAIL_WORKERS": str(WORKERS),
            "NOTIFIER_MAIL_POLL_SECONDS": "0.2",
        }
        clock = [str(self.origin), str(pace.speed), str(pace.margin)]
        with (self.folder / "notifier.log").open("ab") as log:
            process = Popen(
                [sys.executable, "-m", "tests.faults.mail.hasty_notifier", *clock],
                cwd=ROOT,
                env={**environment(), **env, **settings},
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    async def killed_at(self, step: str, chance: Random) -> None:
        """A replica that kills itself at one of the first passages of a step; more mails until it gets there."""
        process = self.launch(AKTIVERA_FAILPOINT=f"{step}:kill@{chance.randint(1, 4)}")

        async def dead() -> bool:
            if process.poll() is not None:
                return True
            if not await self.inside.rows("select from emails where state = 'pending'"):
                await self.queue([chance.choice(SCRIPTS)])
            return False

        # Each of its connections may be held by a server that says nothing, until its patience ends.
        await eventually(dead, within=60 + 2 * self.pace.data_timeout, every=0.3)
        assert process.returncode == -signal.SIGKILL, (step, process.returncode)
        self.running.remove(process)
        self.fired[step] += 1

    async def come_to_an_end(self) -> None:
        """Until every mail has its outcome, but those which are always put off: these are tried again and again."""

        async def probe() -> bool:
            open_ = await self.inside.rows("select recipient, attempt, state from emails where settled_at is null")
            left = [row for row in open_ if row["attempt"] < 3 or self.server.scripts[row["recipient"]].settles]
            assert not left, left[:5]
            return True

        await eventually(probe, within=self.pace.within, every=0.5)

    async def stop(self) -> None:
        """An orderly end; the outbox is sent first."""
        await eventually(self._all_published, within=30, every=0.3)
        for process in self.running:
            process.terminate()
        for process in self.running:
            assert await asyncio.to_thread(process.wait, 20) == 0
        self.running.clear()

    def kill(self) -> None:
        for process in self.running:
            process.kill()
            process.wait(10)

    async def _all_published(self) -> bool:
        return not await self.inside.rows("select from outbox")
