"""The wire to a mail server: whatever it says takes no more memory and time than an answer may."""

import asyncio
from typing import cast

import pytest

from services.notifier.wire import LONGEST_ANSWER, Wire


class Transport:
    """The side of a connection that what is heard does not need."""

    def __init__(self) -> None:
        self.hung_up = False

    def set_protocol(self, _protocol: object) -> None:
        """The wire takes it over."""

    def is_closing(self) -> bool:
        return self.hung_up

    def write(self, _data: bytes) -> None:
        """Nobody reads it."""

    def abort(self) -> None:
        self.hung_up = True


@pytest.mark.parametrize("line", [b"250-\r\n", b"250- \r\n", b"250-and so on\r\n"], ids=["empty", "blank", "words"])
async def test_an_answer_without_end_is_hung_up_on_also_where_its_lines_are_empty(line: bytes) -> None:
    transport = Transport()
    wire = Wire(cast(asyncio.Transport, transport))
    wire.say(b"EHLO here\r\n")
    for _ in range(100 * LONGEST_ANSWER // len(line) // 1000):
        wire.data_received(line * 1000)
        if transport.hung_up:
            break
    assert transport.hung_up
    with pytest.raises(ConnectionResetError):
        await wire.answer(0.1)
    assert sum(map(len, wire._text)) + len(wire._text) <= 2 * LONGEST_ANSWER


async def test_a_whole_answer_in_many_lines_is_read() -> None:
    wire = Wire(cast(asyncio.Transport, Transport()))
    for _ in range(3):
        wire.say(b"NOOP\r\n")
        for _ in range(40):
            wire.data_received(b"250-" + b"x" * 1000 + b"\r\n")
        wire.data_received(b"250 done\r\n")
        assert (await wire.answer(1)).text.endswith("\ndone")
