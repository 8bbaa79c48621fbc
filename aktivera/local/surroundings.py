"""Owns what is taken from the starter's environment: all of it for Maven, the least for our processes."""

from collections.abc import Mapping

# How to find programs and how to speak; no settings and no keys.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "PYTHONUNBUFFERED")


def starter_environment() -> Mapping[str, str]:
    # Imported at the call: the supervisor has no use for it, and it brings pydantic along.
    from chassis.settings import environment

    return environment()


def base_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in PASSED_ON if name in environment} | {"PYTHONUNBUFFERED": "1"}
