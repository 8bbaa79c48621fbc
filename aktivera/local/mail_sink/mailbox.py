"""Owns the mails on disk: one JSON line each, synced before the sender hears 250, so that no kill loses one."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail's line lies; all that memory holds of it."""

    start: int
    size: int


class Mailbox:
    def __init__(self, folder: Path, limit: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "mails.jsonl"
        self._limit = limit
        self._places: list[Place] = []
        self._writing = asyncio.Lock()
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._open()

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        os.close(self._file)

    async def add(self, mail: dict[str, Any]) -> None:
        """Returns when the mail is on disk. Mails that come together share one sync."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((json.dumps(mail, ensure_ascii=False).encode() + b"\n", stored))
        async with self._writing:
            if not stored.done():
                await self._write(self._waiting)
        await stored

    async def empty(self) -> None:
        async with self._writing:
            os.ftruncate(self._file, 0)
            os.fsync(self._file)
            self._places.clear()
            self._end = 0

    def raw_lines(self) -> Iterator[bytes]:
        """Every mail as its JSON, oldest first, read as it is asked for."""
        for place in tuple(self._places):
            yield self._read(place)

    def page(self, number: int, size: int) -> list[dict[str, Any]]:
        """The newest first; page 0 is the newest."""
        newest = self._places[::-1][number * size : (number + 1) * size]
        return [json.loads(self._read(place)) for place in newest]

    def find(self, mail_id: str) -> dict[str, Any] | None:
        start = json.dumps({"id": mail_id}).encode()[:-1]
        for place in reversed(self._places):
            if os.pread(self._file, len(start), place.start) == start:
                mail: dict[str, Any] = json.loads(self._read(place))
                return mail
        return None

    def _read(self, place: Place) -> bytes:
        return os.pread(self._file, place.size - 1, place.start)

    async def _write(self, batch: list[tuple[bytes, asyncio.Future[None]]]) -> None:
        self._waiting = []
        try:
            await asyncio.to_thread(self._append, b"".join(line for line, _ in batch))
        except OSError as error:
            for _, stored in batch:
                stored.set_exception(error)
            return
        for line, stored in batch:
            self._places.append(Place(self._end, len(line)))
            self._end += len(line)
            stored.set_result(None)
        if len(self._places) > self._limit:
            self._drop_oldest()

    def _append(self, lines: bytes) -> None:
        written = 0
        while written < len(lines):
            written += os.pwrite(self._file, lines[written:], self._end + written)
        os.fsync(self._file)

    def _drop_oldest(self) -> None:
        """Down to nine tenths, so that a full box is not rewritten for each mail."""
        first = self._places[-(self._limit * 9 // 10)].start
        beside = self._path.with_suffix(".new")
        with self._path.open("rb") as old, beside.open("wb") as new:
            old.seek(first)
            while chunk := old.read(1 << 20):
                new.write(chunk)
            new.flush()
            os.fsync(new.fileno())
        beside.replace(self._path)
        os.close(self._file)
        self._open()

    def _open(self) -> None:
        """Find every mail's place; a line that a crash cut short was never confirmed and is cut off."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        self._places, self._end = [], 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._places.append(Place(self._end, len(line)))
                self._end += len(line)
        os.ftruncate(self._file, self._end)
