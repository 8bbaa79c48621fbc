"""Owns starting a program outside the supervisor: to its end, or into the hands of a test that kills it itself."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aktivera.local.log_files import open_log
from aktivera.local.process_spec import ProcessSpec

# Every command here is put together from our own words and paths, and none goes through a shell: S603 has no object.


def complete(
    command: Sequence[str], seconds: float, env: Mapping[str, str], **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run to the end and return what it said, whatever its exit code."""
    return subprocess.run(  # noqa: S603  # our own command, no shell
        command, capture_output=True, text=True, timeout=seconds, check=False, env=dict(env), **options
    )


def launch(spec: ProcessSpec, log_folder: Path) -> "subprocess.Popen[bytes]":
    """The process of `spec`, in a session of its own, its output in `log_folder/NAME.log`. The caller ends it."""
    log_folder.mkdir(parents=True, exist_ok=True)
    with open(open_log(log_folder, spec.name), "wb") as output:
        return subprocess.Popen(  # noqa: S603  # our own command, no shell
            spec.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **spec.popen_options()
        )
