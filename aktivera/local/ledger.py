"""Owns `state.json`: who was started, as which very process, and how it is ended, for whoever must tidy up later."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aktivera.local.layout import read_json, replace_json
from aktivera.local.process_identity import Identity

SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Entry:
    name: str
    identity: Identity
    stop_signal: int
    grace_seconds: float

    @classmethod
    def parse(cls, name: str, raw: Any) -> "Entry | None":
        identity = Identity.parse(raw)
        match raw:
            case {"stop_signal": int(signum), "grace_seconds": int() | float() as grace} if identity is not None:
                return cls(name, identity, signum, float(grace))
        return None


class Ledger:
    """Written before a process may begin its work, so that no kill of the supervisor leaves one unrecorded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._processes: dict[str, dict[str, Any]] = {}

    def record(self, entry: Entry, restarts: int = 0) -> None:
        facts = {"stop_signal": entry.stop_signal, "grace_seconds": entry.grace_seconds, "restarts": restarts}
        self._processes[entry.name] = asdict(entry.identity) | facts
        self._write()

    def forget(self, name: str) -> None:
        if self._processes.pop(name, None) is not None:
            self._write()

    def _write(self) -> None:
        replace_json(self._path, {"processes": self._processes})


def entries(path: Path) -> list[Entry]:
    """What the file records, in the order of starting; what cannot be read as an entry names no process of ours."""
    processes = read_json(path).get("processes")
    if not isinstance(processes, dict):
        return []
    return [entry for name, raw in processes.items() if (entry := Entry.parse(name, raw)) is not None]
