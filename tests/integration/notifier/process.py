"""A notifier as a process of its own, on the database of a running one; it reads no topics."""

import asyncio
import sys
from pathlib import Path

from chassis.settings import environment
from tests.infrastructure import ROOT, Infrastructure
from tests.integration.notifier.running import Running
from tests.link_keys import write_link_keys


async def start_process(
    running: Running, infra: Infrastructure, keys: Path, **settings: str
) -> asyncio.subprocess.Process:
    """`keys` are those of the issuer; what the links need is written beside them."""
    env = {
        **environment(),
        "AKTIVERA_ENVIRONMENT": "test",
        "AKTIVERA_KAFKA_BOOTSTRAP": infra.kafka,
        "AKTIVERA_TOKEN_KEYS_FILE": str(keys),
        "NOTIFIER_DATABASE_DSN": running.context.settings.database_dsn,
        "NOTIFIER_CONSUME": "false",
        "NOTIFIER_SMTP_PORT": str(running.server.port),
        "NOTIFIER_SMTP_TLS": "none",
        "NOTIFIER_LINK_KEYS_FILE": str(write_link_keys(keys.with_name("link-keys.json"))),
        **settings,
    }
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.notifier", cwd=ROOT, env=env, stdout=asyncio.subprocess.DEVNULL
    )
