"""Owns what stands under the services: broker, Postgres and mail sink, prepared and described for the supervisor."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aktivera.local.broker import Broker, prepare_broker
from aktivera.local.layout import CODE_ROOT, Layout, Say
from aktivera.local.postgres import PostgresNode, provision
from aktivera.local.process_spec import Probe, ProcessSpec
from aktivera.local.services import Endpoints
from aktivera.local.surroundings import base_environment


@dataclass(frozen=True)
class Infrastructure:
    broker: Broker
    postgres: PostgresNode
    mail: ProcessSpec

    def specs(self) -> list[ProcessSpec]:
        return [self.broker.spec, self.postgres.spec(), self.mail]


async def prepare(layout: Layout, ports: Mapping[str, int], environment: Mapping[str, str], say: Say) -> Infrastructure:
    """Both at the same time: each is mostly a program of its own at work."""
    base = base_environment(environment)
    postgres = PostgresNode(layout.postgres, ports["postgres"], layout.secrets, base)
    broker, _ = await asyncio.gather(
        asyncio.to_thread(prepare_broker, layout, ports, environment, say), asyncio.to_thread(postgres.prepare)
    )
    return Infrastructure(broker, postgres, _mail(layout, ports, base))


async def endpoints(
    infrastructure: Infrastructure, layout: Layout, ports: Mapping[str, int], services: Sequence[str]
) -> Endpoints:
    """Where all is, once it runs; each service's database is made or confirmed."""
    superuser = infrastructure.postgres.superuser_dsn
    databases = {name: await provision(superuser, name, layout.secrets) for name in services}
    broker = infrastructure.broker
    return Endpoints(broker.kind, broker.bootstrap, ports, databases)


def _mail(layout: Layout, ports: Mapping[str, int], base: Mapping[str, str]) -> ProcessSpec:
    options = {"--smtp-port": ports["smtp"], "--page-port": ports["mail"], "--data": layout.mail.resolve()}
    words = [str(word) for option in options.items() for word in option]
    command = (sys.executable, "-m", "aktivera.local.mail_sink", *words)
    return ProcessSpec("mail", command, Probe("http", ports["mail"], "/health/live"), env=base, cwd=str(CODE_ROOT))
