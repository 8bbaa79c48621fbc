"""`python -m bench [PART…] [--quick]`: runs the benchmarks and writes bench/report/ (a quick run: .local/bench/)."""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench import (
    bell,
    beside_insights,
    consumer,
    creating,
    growth,
    half_load,
    idle,
    latency,
    mails,
    managing,
    poison,
    relay,
    replicas,
)
from bench.report import Part, write, write_summary
from bench.servers import Servers, running

PARTS: dict[str, Callable[[Servers, bool], Awaitable[Part]]] = {
    "consumer": consumer.run,
    "replicas": replicas.run,
    "relay": relay.run,
    "growth": growth.run,
    "poison": poison.run,
    "half-load": half_load.run,
    "idle": idle.run,
    "managing": managing.run,
    "creating": creating.run,
    "mails": mails.run,
    "bell": bell.run,
    "latency": latency.run,
    "insights": beside_insights.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is given")
    parser.add_argument("--quick", action="store_true", help="fewer events, wider error")
    asked = parser.parse_args()
    unknown = set(asked.which) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    wanted = asked.which or list(PARTS)
    asyncio.run(_measured([name for name in PARTS if name in wanted], asked.quick))


async def _measured(names: list[str], quick: bool) -> None:
    if not names:
        return
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder)) as servers:
            for name in names:
                begun = time.perf_counter()
                part = await PARTS[name](servers, quick)
                part.remarks.append(f"This part took {time.perf_counter() - begun:.0f} s.")
                write(part, quick)
                write_summary(list(PARTS), quick)


if __name__ == "__main__":
    main()
