"""`python -m tests.simulation [--schedules N] [--seed FIRST]`: many schedules; ends with 1 at the first that fails."""

import argparse
import gc
import sys
from time import monotonic, process_time

from tests.simulation.schedule import drawn, run, shortest, told
from tests.simulation.world import stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0, help="the first")
    given = parser.parse_args()
    began = monotonic()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with stage():
        for seed in range(given.seed, given.seed + given.schedules):
            if run(seed, drawn(seed)):
                steps = shortest(seed, drawn(seed))
                sys.stdout.write(told(seed, steps, run(seed, steps)) + "\n")
                return 1
    pace, by_core = (given.schedules * 60 / seconds for seconds in (monotonic() - began, process_time()))
    sys.stdout.write(f"{given.schedules} schedules, {pace:.0f} a minute ({by_core:.0f} a minute of one core's time)\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
