"""Who is measured: each a program of its own with the same arguments, run as `python -m bench.contestants.NAME`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contestant:
    """One way to handle the same events. `slow` ones get fewer; `compared` ones must leave the same tables."""

    name: str
    label: str
    slow: bool = False
    compared: bool = True


OURS = Contestant("ours", "Aktivera")
L1 = Contestant("limit", "L1: getmany, decode, COPY")
L0 = Contestant("raw_copy", "L0: getmany, COPY of bytes", compared=False)

CONSUMERS = (
    OURS,
    L1,
    L0,
    Contestant("faststream_batch", "FastStream, batch + unnest"),
    Contestant("executemany", "aiokafka, executemany"),
    Contestant("faust_take", "Faust, take(500) + unnest"),
    Contestant("one_by_one", "aiokafka, one by one", slow=True),
    Contestant("faststream_each", "FastStream, per event", slow=True),
    Contestant("faust_each", "Faust, per event", slow=True),
)
