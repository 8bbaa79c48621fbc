"""One sample client's way as the demo shows it: when it was requested, listed, mailed and shown at the bell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aktivera.wording import correlations

SHOWN = {  # what is shown → the steps of the trace it is taken from
    "requested": ("onboarding.requested", "client.created"),
    "listed": ("activation.listed",),
    "mail": ("email.sent",),
    "bell": ("notification.raised",),
}


@dataclass(frozen=True)
class Way:
    """`repeated`: the client was there before this run, and the times are those of its first."""

    sample: str
    client_id: str
    correlation_ids: tuple[str, ...]
    steps: dict[str, datetime]
    repeated: bool

    @classmethod
    def read(cls, sample: str, client_id: str, trace: Sequence[dict[str, Any]], begun: datetime) -> "Way":
        steps: dict[str, datetime] = {}
        for name, sources in SHOWN.items():
            times = [datetime.fromisoformat(step["at"]) for step in trace if step["what"] in sources]
            if times:
                steps[name] = min(times)
        repeated = "requested" in steps and steps["requested"] < begun
        return cls(sample, client_id, tuple(correlations(trace)), steps, repeated)

    @property
    def lacking(self) -> list[str]:
        return [name for name in SHOWN if name not in self.steps]

    def to_json(self) -> dict[str, Any]:
        known = {"correlation_ids": list(self.correlation_ids)} if self.correlation_ids else {}
        steps = {name: at.isoformat() for name, at in self.steps.items()}
        return {"sample": self.sample, "client_id": self.client_id, **known, "repeated": self.repeated, "steps": steps}


def line(way: Way) -> str:
    """The steps in the order of their times; those that are lacking last."""
    start = way.steps.get("requested")
    parts = []
    for name, at in sorted(way.steps.items(), key=lambda step: step[1]):
        if name == "requested" or start is None:
            day = f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
            parts.append(f"(first sent {day})" if way.repeated and name == "requested" else f"{name} {day}")
        else:
            parts.append(f"{name} +{(at - start).total_seconds() * 1000:.0f} ms")
    parts += [f"{name} NOT YET" for name in way.lacking]
    return f"  {way.sample:<14}{way.client_id}  " + " → ".join(parts)
