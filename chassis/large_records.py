"""Large records: what a sender's compression made of a small message is cut, before anything keeps or stores it."""

from chassis.consumer_offsets import record_id
from chassis.handling import CutRecord, Record

LARGEST_BYTES = 1024 * 1024  # what a broker takes without compression, and more than any event of ours
KEPT_OF_VALUE = 1024
KEPT_OF_KEY = 512
KEPT_OF_HEADERS = 8192


def cut(record: Record) -> Record:
    """The record, or its beginning where it is larger than any that we read: so much is neither held nor parsed."""
    in_headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    size = len(record.key or b"") + len(record.value or b"") + in_headers
    if size <= LARGEST_BYTES:
        return record
    return CutRecord(
        record.topic,
        record.partition,
        record.offset,
        None if record.key is None else record.key[:KEPT_OF_KEY],
        None if record.value is None else record.value[:KEPT_OF_VALUE],
        record.headers if in_headers <= KEPT_OF_HEADERS else (),
        size,
        record_id(record),
    )
