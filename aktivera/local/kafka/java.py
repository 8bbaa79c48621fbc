"""Owns finding a Java that can run the broker: from JAVA_HOME or the PATH, version 17 or later."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aktivera.local.launch import complete

LEAST_VERSION = 17


class KafkaCannotRun(Exception):
    """Java, Maven or the jars are not to be had here; the message says which, and what to do."""


def find_java(environment: Mapping[str, str]) -> str:
    home = environment.get("JAVA_HOME", "")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    candidates += [found] if (found := shutil.which("java", path=environment.get("PATH"))) else []
    refusals = []
    for java in candidates:
        version = _version(java, environment)
        if version is not None and version >= LEAST_VERSION:
            return java
        refusals.append(f"{java} is {'no working Java' if version is None else f'version {version}'}")
    found_instead = "; ".join(refusals) or "there is no java in JAVA_HOME or on the PATH"
    raise KafkaCannotRun(f"Kafka needs Java {LEAST_VERSION} or later, and {found_instead}")


def _version(java: str, environment: Mapping[str, str]) -> int | None:
    try:
        answer = complete([java, "-version"], 20, environment)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)', answer.stderr + answer.stdout)
    return int(found.group(1)) if found else None
