"""Owns the broker's jars: resolved once by Maven from pom.xml, and again when the pom changes."""

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from aktivera.local.kafka.java import KafkaCannotRun
from aktivera.local.launch import complete
from aktivera.local.layout import Say

POM = Path(__file__).with_name("pom.xml")
_DOWNLOAD_SECONDS = 600


def ensure_jars(folder: Path, environment: Mapping[str, str], say: Say) -> Path:
    """`folder` with all jars of today's pom in it. Raises KafkaCannotRun where Maven is missing or fails."""
    wanted = hashlib.sha256(POM.read_bytes()).hexdigest()
    if _stamp(folder) == wanted:
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "jars.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _stamp(folder) != wanted:
            _resolve(folder, wanted, environment, say)
    return folder


def _stamp(folder: Path) -> str:
    stamp = folder / "pom.sha256"
    return stamp.read_text() if stamp.exists() else ""


def _resolve(folder: Path, wanted: str, environment: Mapping[str, str], say: Say) -> None:
    maven = shutil.which("mvn", path=environment.get("PATH"))
    if maven is None:
        raise KafkaCannotRun("Kafka's jars are resolved by Maven, and there is no mvn on the PATH")
    say("resolving Kafka's jars with Maven (about 45 MB, once)")
    fresh = folder.with_name("jars.new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={fresh}")
    try:
        answer = complete(command, _DOWNLOAD_SECONDS, environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KafkaCannotRun(f"Maven did not resolve Kafka's jars: {error}") from error
    if answer.returncode != 0 or not list(fresh.glob("kafka_*.jar")):
        said = [*answer.stdout.splitlines(), *answer.stderr.splitlines()]
        reason = next((line for line in said if "error" in line.lower()), said[0] if said else "it ended without jars")
        raise KafkaCannotRun(f"Maven did not resolve Kafka's jars: {reason[:300]}")
    (fresh / "pom.sha256").write_text(wanted)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
