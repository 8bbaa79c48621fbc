"""`python -m bench [latency] [--quick]`: runs the benchmarks and writes bench/report/."""

import argparse
import asyncio

from bench import latency


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["latency"], choices=["latency"])
    parser.add_argument("--quick", action="store_true", help="fewer clients, wider error")
    asked = parser.parse_args()
    if "latency" in asked.which:
        asyncio.run(latency.run(clients=60 if asked.quick else 300))


if __name__ == "__main__":
    main()
