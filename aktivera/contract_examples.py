"""Examples of requests as they are sent: under an id of their own, and for a new client where one is asked for."""

import json
import secrets
from pathlib import Path
from typing import Any

from chassis.clock import system_clock
from chassis.ids import uuid7

EXAMPLES = Path(__file__).resolve().parent.parent / "schemas" / "examples"
REQUESTED = "onboarding.requested"


class ExampleUnknown(Exception):  # named after the fact
    """There is no such example."""


def fresh(name: str, *, new_client: bool = False, source: str | None = None) -> dict[str, Any]:
    """An example with a new id and the present time, from a further source where its slug is given.

    Raises ExampleUnknown.
    """
    try:
        event: Any = json.loads(_path(name).read_text("utf-8"))
    except (OSError, ValueError):
        raise ExampleUnknown(f"no example {name}; there are: {', '.join(_names())}, or a file with an event") from None
    if not isinstance(event, dict):
        raise ExampleUnknown(f"{name} holds no event")
    event |= {"id": str(uuid7()), "time": system_clock().isoformat(timespec="seconds")}
    event.pop("correlationid", None)
    if source is not None:
        event["source"] = f"/upstream/{source}"
    if new_client and isinstance(event.get("data"), dict):
        _renew(event["data"])
    return event


def _path(name: str) -> Path:
    if "/" not in name and not name.endswith(".json"):
        return EXAMPLES / REQUESTED / f"{name}.json"
    example = EXAMPLES / f"{name}.json"
    return example if example.is_file() else Path(name)


def _names() -> list[str]:
    return sorted(path.stem for path in (EXAMPLES / REQUESTED).glob("*.json"))


def _renew(data: dict[str, Any]) -> None:
    body = f"5{secrets.randbelow(10)}{2 + secrets.randbelow(8)}{secrets.randbelow(10**6):06d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(body)]
    check = -sum(value - 9 if value > 9 else value for value in doubled) % 10
    data["external_ref"] = f"example-{uuid7()}"
    details = data.setdefault("details", {})
    details["identity"] = {"kind": "organisation", "number": f"{body[:6]}-{body[6:]}{check}"}
