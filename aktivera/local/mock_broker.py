"""Owns the fallback where Kafka cannot run: librdkafka's in-memory mock cluster, enough to look around, never Kafka.

Ran against it with aiokafka: idempotent and plain produce, consumer groups, commit and resume, list of topics.
A group's first member waits 3 s for others. What it cannot: create topics by request (the admin call fails; a
topic comes with its first use, with four partitions), keep anything over its own end, keep more than about 5 MB
or 100,000 records a partition, choose its port (the address is written to a file), transactions, or time: record
timestamps are made up.
"""

import argparse
import signal
import sys
from pathlib import Path


def serve(address_file: Path) -> None:
    """Run the mock until SIGTERM; its address is in `address_file` while it runs."""
    # Imported here: the stack asks this module for nothing else, and the library weighs 14 MB.
    from confluent_kafka import Producer

    # The mask comes before librdkafka's threads, which inherit it, so that the signal waits for us.
    endings = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 3})
    broker = next(iter(cluster.list_topics(timeout=10).brokers.values()))
    beside = address_file.with_name(address_file.name + ".new")
    beside.write_text(f"{broker.host}:{broker.port}")
    beside.replace(address_file)
    sys.stdout.write(f"mock broker on {broker.host}:{broker.port}\n")
    sys.stdout.flush()
    signal.sigwait(endings)
    address_file.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aktivera.local.mock_broker", description=__doc__)
    parser.add_argument("--address-file", type=Path, required=True)
    serve(parser.parse_args().address_file)


if __name__ == "__main__":
    main()
