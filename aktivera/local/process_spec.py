"""Owns what the supervisor is told of a process: how to start it, how to see that it is ready, how to end it."""

import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from aktivera.local.surroundings import PASSED_ON


@dataclass(frozen=True)
class Probe:
    """How readiness is seen: `http` wants a 200 from `path`, `file` wants `path` to exist, the others ask the port."""

    kind: Literal["http", "kafka", "postgres", "tcp", "file"]
    port: int = 0
    path: str = ""


@dataclass(frozen=True)
class ProcessSpec:
    name: str
    command: tuple[str, ...]
    ready: Probe
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    user: int | None = None
    group: int | None = None
    after: tuple[str, ...] = ()
    ready_seconds: float = 60.0
    grace_seconds: float = 10.0
    stop_signal: int = signal.SIGTERM
    restart: bool = True

    def same_work_as(self, other: "ProcessSpec") -> bool:
        """Whether it would run the same: another terminal's PATH or language is no reason to start it anew."""
        return replace(self, env=self._settings()) == replace(other, env=other._settings())

    def _settings(self) -> dict[str, str]:
        return {name: value for name, value in self.env.items() if name not in PASSED_ON}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "ProcessSpec":
        lists = {"command": tuple(raw["command"]), "after": tuple(raw["after"])}
        return cls(**{**raw, **lists, "ready": Probe(**raw["ready"])})

    def popen_options(self) -> dict[str, Any]:
        """What both asyncio's and the plain Popen are told: its own session, so no terminal's end reaches it."""
        options: dict[str, Any] = {"env": dict(self.env), "cwd": self.cwd, "start_new_session": True}
        if self.user is not None:
            options |= {"user": self.user, "group": self.group, "extra_groups": []}
        return options
