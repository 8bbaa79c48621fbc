"""Owns one Kafka node (KRaft, broker and controller in one): its settings, its storage and its command."""

import base64
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from aktivera.local.kafka.java import KafkaCannotRun
from aktivera.local.launch import complete
from aktivera.local.ports import LOOPBACK
from aktivera.local.probes import until_ready
from aktivera.local.process_spec import Probe, ProcessSpec

# Measured on two cores against the JVM's own choice: up in 1.8 s instead of 3.8, half the CPU to get there,
# 20 MB less, and no slower at 20,000 records a second and more.
JVM_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")

_SETTINGS = """\
process.roles=broker,controller
node.id=1
listeners=CLIENT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENT://{host}:{port}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENT
controller.quorum.bootstrap.servers={host}:{controller_port}
log.dirs={logs}

# A killed node stays fenced this long after its restart.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0

# One node, so no replica holds what a crash of the machine takes from the page cache: every batch is synced
# before it is acknowledged. It costs about a fifth of the throughput.
log.flush.interval.messages=1
auto.create.topics.enable=false
num.partitions=12
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
log.cleaner.dedupe.buffer.size=16777216
"""


@dataclass(frozen=True)
class KafkaNode:
    """`prepare`, start `command` (or `spec`), await `ready`; after kill -9 the same again, on the same data."""

    data_dir: Path
    port: int
    controller_port: int
    jars: Path
    java: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def _settings_file(self) -> Path:
        return self.data_dir / "server.properties"

    def prepare(self) -> None:
        """Write the settings; format the storage once, after which the data stays."""
        logs = self.data_dir / "logs"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir.chmod(0o700)
        self._settings_file.write_text(
            _SETTINGS.format(host=LOOPBACK, port=self.port, controller_port=self.controller_port, logs=logs.resolve())
        )
        if not (logs / "meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        return [*self._java(JVM_OPTIONS), "kafka.Kafka", str(self._settings_file)]

    def spec(self) -> ProcessSpec:
        return ProcessSpec(
            name="kafka",
            command=tuple(self.command()),
            ready=Probe("kafka", self.port),
            env=self.environment,
            cwd=str(self.data_dir.resolve()),
            ready_seconds=90,
            grace_seconds=30,
        )

    async def ready(self, within: float = 60) -> None:
        if not await until_ready(Probe("kafka", self.port), within):
            raise TimeoutError(f"Kafka on port {self.port} is not ready after {within} s")

    def _format(self) -> None:
        # The first bit is cleared, since an id that begins with a hyphen is taken for an option.
        cluster = base64.urlsafe_b64encode(bytes([uuid.uuid4().bytes[0] & 0x7F]) + uuid.uuid4().bytes[1:]).decode()[:22]
        arguments = ["kafka.tools.StorageTool", "format", "--standalone", "-t", cluster, "-c", str(self._settings_file)]
        command = [*self._java(("-Xmx128m", *JVM_OPTIONS[2:])), *arguments]
        answer = complete(command, 120, self.environment)
        if answer.returncode != 0:
            raise KafkaCannotRun(f"Kafka's storage cannot be formatted: {(answer.stderr or answer.stdout)[-500:]}")

    def _java(self, options: tuple[str, ...]) -> list[str]:
        logging = Path(__file__).with_name("log4j2.properties")
        return [self.java, *options, f"-Dlog4j2.configurationFile={logging}", "-cp", f"{self.jars.resolve()}/*"]
