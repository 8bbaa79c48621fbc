"""Owns which port each part of the local stack listens on: the usual one, or a free one where that is busy."""

import socket
from collections.abc import Collection, Mapping
from pathlib import Path

from aktivera.local.layout import Say, read_json, replace_json

LOOPBACK = "127.0.0.1"

DEFAULTS: Mapping[str, int] = {
    "console": 8100,
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
    """A port for every name: last time's or the usual one while free, else another, which is said and remembered.

    The ports of `in_use_by_us` are busy because our own processes hold them, and stay.
    """
    remembered = {name: port for name, port in read_json(file).items() if isinstance(port, int)}
    chosen: dict[str, int] = {}
    for name, usual in DEFAULTS.items():
        wanted = remembered.get(name, usual)
        kept = name in in_use_by_us and name in remembered
        if kept or (wanted not in chosen.values() and is_free(wanted)):
            chosen[name] = wanted
            continue
        others = {*chosen.values(), *remembered.values(), *DEFAULTS.values()}
        chosen[name] = usual if usual not in chosen.values() and is_free(usual) else free_port(others)
        say(f"port {wanted} for {name} is busy: {chosen[name]} takes its place")
    replace_json(file, chosen, 0o644)
    return chosen
