"""Owns starting one described process without the supervisor, for tests that kill and restart it themselves."""

import subprocess
from pathlib import Path

from aktivera.local.log_files import open_log
from aktivera.local.process_spec import ProcessSpec


def launch(spec: ProcessSpec, log_folder: Path) -> "subprocess.Popen[bytes]":
    """The process of `spec`, in a session of its own, its output in `log_folder/NAME.log`. The caller ends it."""
    log_folder.mkdir(parents=True, exist_ok=True)
    log = open_log(log_folder, spec.name)
    with open(log, "wb") as output:
        return subprocess.Popen(
            spec.command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **spec.popen_options()
        )
