"""Owns what stands under the services: broker, Postgres and mail sink, prepared and described for the supervisor."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from aktivera.local.broker import Broker, prepare_broker
from aktivera.local.layout import CODE_ROOT, Layout, Say, read_json, replace_json
from aktivera.local.ledger import entries
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
    infrastructure: Infrastructure, layout: Layout, ports: Mapping[str, int], services: Sequence[str], say: Say
) -> Endpoints:
    """Where all is, once it runs; each service's database is made or confirmed.

    Beside a mock, databases of its own and anew for each: others would remember what it has never heard of.
    """
    superuser, broker = infrastructure.postgres.superuser_dsn, infrastructure.broker
    if broker.kind == "kafka":
        databases = {name: await provision(superuser, name, layout.secrets) for name in services}
        return Endpoints(broker.kind, broker.bootstrap, ports, databases)
    mock = {entry.name: asdict(entry.identity) for entry in entries(layout.state_file)}[broker.spec.name]
    anew = read_json(layout.mock_databases) != mock
    if anew:
        say("the mock starts empty, and so do its databases mock_…; what the stack with Kafka keeps is not touched")
    databases = {name: await provision(superuser, name, layout.secrets, f"mock_{name}", anew=anew) for name in services}
    replace_json(layout.mock_databases, mock)
    return Endpoints(broker.kind, broker.bootstrap, ports, databases)


def _mail(layout: Layout, ports: Mapping[str, int], base: Mapping[str, str]) -> ProcessSpec:
    options = {"--smtp-port": ports["smtp"], "--page-port": ports["mail"], "--data": layout.mail.resolve()}
    words = [str(word) for option in options.items() for word in option]
    command = (sys.executable, "-m", "aktivera.local.mail_sink", *words)
    return ProcessSpec("mail", command, Probe("http", ports["mail"], "/health/live"), env=base, cwd=str(CODE_ROOT))
