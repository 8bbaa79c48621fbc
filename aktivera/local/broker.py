"""Owns the choice of broker: real Kafka, or where it cannot run the mock, which is said and never called Kafka."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from aktivera.local.kafka import KafkaCannotRun, KafkaNode, ensure_jars, find_java
from aktivera.local.layout import CODE_ROOT, Layout, Say
from aktivera.local.ports import LOOPBACK
from aktivera.local.process_spec import Probe, ProcessSpec
from aktivera.local.surroundings import base_environment
from aktivera.settings import StackSettings

_FIX = "install Java 17 or later and Maven with access to Maven Central, or take AKTIVERA_BROKER=mock to look around"


@dataclass(frozen=True)
class Broker:
    kind: Literal["kafka", "mock"]
    spec: ProcessSpec
    _bootstrap: str = ""

    @property
    def bootstrap(self) -> str:
        """host:port; the mock chooses its own port and tells it once it runs."""
        return Path(self.spec.ready.path).read_text().strip() if self.kind == "mock" else self._bootstrap


def prepare_broker(layout: Layout, ports: Mapping[str, int], environment: Mapping[str, str], say: Say) -> Broker:
    """Ready to start. AKTIVERA_BROKER=kafka makes its absence an error, =mock asks for the mock, else as can be had."""
    try:
        wanted = StackSettings().broker
    except ValidationError as error:
        raise KafkaCannotRun("AKTIVERA_BROKER is neither kafka nor mock") from error
    if wanted == "mock":
        return _mock(layout, environment)
    try:
        return _kafka(layout, ports, environment, say)
    except KafkaCannotRun as reason:
        if wanted == "kafka":
            raise KafkaCannotRun(f"{reason}. To fix it: {_FIX}") from reason
        say(f"{reason}; a mock broker, which is not Kafka and forgets all when it ends, takes its place")
        return _mock(layout, environment)


def _kafka(layout: Layout, ports: Mapping[str, int], environment: Mapping[str, str], say: Say) -> Broker:
    java = find_java(environment)
    jars = ensure_jars(layout.kafka / "jars", environment, say)
    folder = layout.kafka / "node"
    node = KafkaNode(folder, ports["kafka"], ports["kafka-controller"], jars, java, base_environment(environment))
    node.prepare()
    return Broker("kafka", node.spec(), f"{LOOPBACK}:{ports['kafka']}")


def _mock(layout: Layout, environment: Mapping[str, str]) -> Broker:
    address = str(layout.mock_address.resolve())
    command = (sys.executable, "-m", "aktivera.local.mock_broker", "--address-file", address)
    # Not started again: its port and all it held would be others, and nobody would know.
    spec = ProcessSpec(
        name="mock-broker",
        command=command,
        ready=Probe("file", path=address),
        env=base_environment(environment),
        cwd=str(CODE_ROOT),
        restart=False,
    )
    return Broker("mock", spec)
