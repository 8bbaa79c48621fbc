"""Owns the mutants of what senders build on: the contract stays, and what is wrong with an event holds up nothing."""

from tests.mutants.mutant import Mutant

GATE = "tests/contract/test_compatibility.py"

CONTRACT = [
    Mutant(
        "a failure keeps its frames",
        "What cannot be read leaves with its batch.",
        "chassis/fold.py",
        "item.failure = failure.bare()",
        "item.failure = failure",
        "tests/unit/chassis/test_unreadable_records.py::test_what_cannot_be_read_is_gone_with_its_item[subscription0-{]",
    ),
    Mutant(
        "what a sender writes may be refused",
        "A change that would refuse what a sender writes is found.",
        "schemas/released.py",
        "heard, said = row.topic != RESULTS, row.topic != REQUESTS",
        "heard, said = False, row.topic != REQUESTS",
        f"{GATE}::test_a_direction_is_that_of_the_topic",
    ),
    Mutant(
        "a field may go",
        "A field that is gone is missed by somebody.",
        "schemas/compatibility.py",
        "sorted(_places(old) - _places(new))",
        "[]",
        f"{GATE}::test_a_planted_change_that_would_refuse_what_a_sender_writes_is_found[<lambda>-/data/locale is gone]",
    ),
]
