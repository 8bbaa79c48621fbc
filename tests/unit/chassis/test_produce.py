"""An event's partition is the one that every other Kafka client would choose."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from chassis.produce import partition_of


@given(st.binary(max_size=80), st.integers(1, 500))
def test_a_key_has_the_partition_that_kafkas_own_clients_give_it(key: bytes, count: int) -> None:
    numbers = list(range(count))
    assert partition_of(key, count) == DefaultPartitioner()(key, numbers, numbers)
