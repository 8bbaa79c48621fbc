"""Owns how long to wait before a process is started again: longer each time, short again once it has run well."""

from dataclasses import dataclass


@dataclass
class Backoff:
    first: float = 0.5
    longest: float = 30.0
    healthy_seconds: float = 60.0
    _next: float = 0.0

    def after_run(self, ready_seconds: float) -> float:
        """The wait after a run that was ready for so long; 0 s means it never was."""
        if ready_seconds >= self.healthy_seconds or not self._next:
            self._next = self.first
        wait = self._next
        self._next = min(self.longest, wait * 2)
        return wait
