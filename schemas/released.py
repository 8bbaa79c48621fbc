"""What is released: schema, topic and key of each event type as others were told of them, in released/."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas.compatibility import breaking
from schemas.envelope import EventType
from schemas.json_schema import json_schema, title_of
from schemas.topics import REQUESTS, RESULTS

FOLDER = Path(__file__).with_name("released")


def release_of(row: EventType) -> dict[str, Any]:
    """A row as it is released."""
    return {"type": row.wire_type, "topic": row.topic, "key": row.key, "schema": json_schema(row)}


def broken(rows: Iterable[EventType], folder: Path = FOLDER) -> list[str]:
    """Which releases the rows break, and where, as sentences. A type that was never released breaks nothing."""
    today = {title_of(row): row for row in rows}
    found: list[str] = []
    for path in sorted(folder.glob("*.json")):
        row = today.get(path.stem)
        if row is None:
            found.append(f"{path.stem}: the type is gone")
            continue
        found += [f"{path.stem}: {what}" for what in _differences(json.loads(path.read_text("utf-8")), row)]
    return found


def release(rows: Iterable[EventType], folder: Path = FOLDER) -> list[str]:
    """Releases the rows as they are; answers what they would break, and writes nothing then."""
    rows = list(rows)
    problems = broken(rows, folder)
    if problems:
        return problems
    folder.mkdir(exist_ok=True)
    for row in rows:
        (folder / f"{title_of(row)}.json").write_text(_written(row), "utf-8")
    return []


def _differences(released: dict[str, Any], row: EventType) -> list[str]:
    now = release_of(row)
    found = [f"its {what} is another" for what in ("type", "topic", "key") if released[what] != now[what]]
    heard, said = row.topic != RESULTS, row.topic != REQUESTS  # what a source writes we only hear, and the reverse
    return found + breaking(released["schema"], now["schema"], heard=heard, said=said)


def _written(row: EventType) -> str:
    return json.dumps(release_of(row), indent=1, ensure_ascii=False) + "\n"
