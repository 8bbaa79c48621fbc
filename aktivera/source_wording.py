"""How upstream sources read in a terminal."""

import json
from collections.abc import Sequence
from typing import Any

from aktivera.wording import moment, table

HEAD = ("SLUG", "SOURCE", "STATE", "TEST", "MAY", "AGENCIES")


def list_lines(sources: Sequence[dict[str, Any]]) -> list[str]:
    return table(HEAD, [_row(each) for each in sources])


def show_lines(source: dict[str, Any]) -> list[str]:
    """One source in words: what to tell its developers, what it may do, what was done with it."""
    known = [
        ("source", source["source"]),
        ("state", source["state"] + (", test" if source["test"] else "")),
        ("sends to", source["requests_topic"]),
        ("is told on", source["results_topic"]),
        ("may send", ", ".join(source["may"])),
        ("agencies", _agencies(source)),
    ]
    lines = [f"{name:<12}{value}" for name, value in known]
    if source["agencies_not_registered"]:
        lines.append(f"not registered yet: {', '.join(source['agencies_not_registered'])}")
    return lines + [_act(each) for each in source["acts"]]


def _row(source: dict[str, Any]) -> tuple[object, ...]:
    test = "yes" if source["test"] else "no"
    slug = source["slug"] or "(the first)"
    return slug, source["source"], source["state"], test, ",".join(source["may"]), _agencies(source)


def _agencies(source: dict[str, Any]) -> str:
    return "any" if source["agencies"] is None else ", ".join(source["agencies"])


def _act(act: dict[str, Any]) -> str:
    detail = json.dumps(act["detail"], ensure_ascii=False) if act["detail"] else ""
    return f"{moment(act['at'])}  {act['what']} by {act['by']}  {detail}".rstrip()
