"""Owns which port each part of the local stack listens on: the usual one, or a free one where that is busy."""

import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from aktivera.local.layout import Say, read_json, replace_json

LOOPBACK = "127.0.0.1"

DEFAULTS: Mapping[str, int] = {
    "onboarding": 8101,
    "activation": 8102,
    "notifier": 8103,
    "insights": 8104,
    "mail": 8125,
    "smtp": 8025,
    "kafka": 9092,
    "kafka-controller": 9093,
    "postgres": 5432,
}


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a port in TIME_WAIT is free, one that somebody listens on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def free_port(taken: Collection[int] = ()) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def choose(file: Path, say: Say, *, in_use_by_us: Collection[str] = ()) -> dict[str, int]:
    """A port for every name: the usual one while free, else last time's, else any. What differs from last time is said.

    The ports of `in_use_by_us` are busy because our own processes hold them, and stay.
    """
    remembered = {name: port for name, port in read_json(file).items() if isinstance(port, int)}
    kept = {name: remembered[name] for name in DEFAULTS if name in in_use_by_us and name in remembered}
    chosen: dict[str, int] = dict(kept)
    for name, usual in DEFAULTS.items():
        if name in kept:
            continue
        last = remembered.get(name, usual)
        free = (port for port in (usual, last) if port not in chosen.values() and is_free(port))
        chosen[name] = next(free, None) or free_port({*chosen.values(), *remembered.values(), *DEFAULTS.values()})
        if chosen[name] == usual != last:
            say(f"port {usual} for {name} is free again (last time it was {last})")
        elif chosen[name] != last:
            say(f"port {last} for {name} is busy: {chosen[name]} takes its place")
    replace_json(file, chosen)
    return chosen
