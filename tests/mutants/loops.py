"""Owns the mutants of the chassis' loops: that they beat while they wait, say what stopped them, and try again."""

from tests.mutants.mutant import Mutant

LOOPS = [
    Mutant(
        "a batch beats at its beginning alone",
        "A consumer that waits for a slow database is not taken for stuck.",
        "chassis/fold.py",
        "        self._beat()\n        if changed:",
        "        if changed:",
        "tests/integration/chassis/test_beats.py::test_a_batch_beats_between_what_it_loads_and_what_it_saves",
    ),
    Mutant(
        "a loop is expected before it beats",
        "A loop that is expected has a whole limit's time, whenever the watchdog looks.",
        "chassis/heartbeats.py",
        "self.beat(loop)  # first",
        "pass  # first",
        "tests/unit/chassis/test_heartbeats.py::test_a_watchdog_that_looks_while_a_loop_begins_finds_nothing_stuck",
    ),
    Mutant(
        "what closes a gap and fails waits for a person",
        "A bug is tried again by itself, also in the event that closes a gap.",
        "chassis/fold.py",
        "healed=healed)",
        "healed=set())",
        "tests/integration/chassis/test_gaps.py"
        "::test_a_missing_version_that_comes_and_fails_is_tried_again_by_itself[False]",
    ),
    Mutant(
        "a reader that looks again is well",
        "What stopped reading is shown until it is gone.",
        "chassis/consumer.py",
        "if batch := await self._poll(consumer):",
        "batch, self.stopped_by = await self._poll(consumer), None\n            if batch:",
        "tests/integration/chassis/test_offsets.py::test_what_stopped_reading_is_shown_until_it_is_gone",
    ),
]
