"""Owns one Postgres server: its cluster, its settings, its command, and what a killed one leaves behind."""

import shutil
import signal
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from aktivera.local.credentials import password
from aktivera.local.launch import complete
from aktivera.local.ports import LOOPBACK
from aktivera.local.postgres.account import Account, create_home, give, home_for, server_account
from aktivera.local.postgres.binaries import PostgresCannotRun, binaries
from aktivera.local.postgres.remains import drop_stale_lock, postmaster, settle
from aktivera.local.probes import until_ready
from aktivera.local.process_identity import send
from aktivera.local.process_spec import Probe, ProcessSpec

# fsync stays on: what a service has committed must survive a crash here as in production.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "wal_compression": "on",
    # An error's DETAIL quotes the row at fault: names and addresses.
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


@dataclass(frozen=True)
class PostgresNode:
    """`prepare`, start `command` (or `spec`), await `ready`; after kill -9 the same again, on the same data."""

    data_dir: Path
    port: int
    secrets: Path
    environment: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _account(self) -> Account:
        return server_account()

    @cached_property
    def home(self) -> Path:
        """Where it really lies: `data_dir`, or a place outside where the server's account may not reach that."""
        return home_for(self.data_dir, self._account)

    @property
    def _cluster(self) -> Path:
        return self.home / "cluster"

    @property
    def superuser_dsn(self) -> str:
        secret = quote(password(self.secrets, "postgres-superuser"), safe="")
        return f"postgresql://postgres:{secret}@{LOOPBACK}:{self.port}/postgres"

    def prepare(self) -> None:
        """Make the cluster once; drop the lock file of a server that is gone where that would block the next."""
        settle(self.data_dir, self.home)
        create_home(self.home, self._account)
        self._refuse_foreign_data()
        if not (self._cluster / "PG_VERSION").exists():
            self._initdb()
        drop_stale_lock(self._cluster)

    def command(self) -> list[str]:
        flags = [f"--{name}={value}" for name, value in {**SETTINGS, **self.settings}.items()]
        return [str(self._binaries / "postgres"), "-D", str(self._cluster), f"--port={self.port}", *flags]

    def spec(self) -> ProcessSpec:
        return ProcessSpec(
            name="postgres",
            command=tuple(self.command()),
            ready=Probe("postgres", self.port),
            env={**self.environment, "TZ": "UTC"},
            cwd=str(self.home),
            user=self._account.user,
            group=self._account.group,
            ready_seconds=120,
            grace_seconds=30,
            # Fast shutdown: SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
        )

    async def ready(self, within: float = 60) -> None:
        if not await until_ready(Probe("postgres", self.port), within):
            raise TimeoutError(f"Postgres on port {self.port} is not ready after {within} s")

    def stop_immediate(self) -> bool:
        """End the server as a crash would, without a checkpoint; False if none of ours runs."""
        running = postmaster(self._cluster)
        return running is not None and send(running, signal.SIGQUIT)

    def move(self, to: "PostgresNode") -> None:
        """Lay the cluster, whose server has ended, in the place of another."""
        to.remove()
        if self.home == self.data_dir:
            self.data_dir.rename(to.data_dir)
            return
        settle(to.data_dir, to.home)  # before the data: where a note lacks, what lies elsewhere is deleted
        self.home.rename(to.home)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def remove(self) -> None:
        """Delete the cluster with its data, wherever it lies."""
        for folder in (self.home, self.data_dir):
            shutil.rmtree(folder, ignore_errors=True)

    @cached_property
    def _binaries(self) -> Path:
        return binaries(self.home, self._account)

    def _refuse_foreign_data(self) -> None:
        if (self._cluster / "PG_VERSION").exists() and not (self.secrets / "postgres-superuser").exists():
            raise PostgresCannotRun(
                f"the password of the data in {self.home} is no longer in {self.secrets}; `make clean` starts anew"
            )

    def _initdb(self) -> None:
        """Into a folder beside, renamed when complete: a half-made cluster is never taken for one."""
        fresh = self.home / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret = self.home / "superuser.once"
        secret.touch(mode=0o600)
        secret.write_text(password(self.secrets, "postgres-superuser"))
        give(secret, self._account)
        options = ["--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums"]
        command = [str(self._binaries / "initdb"), "-D", str(fresh), *options]
        try:
            answer = complete(command, 120, self.environment, cwd=self.home, **self._account.popen_options())
        finally:
            secret.unlink()
        if answer.returncode != 0:
            raise PostgresCannotRun(f"initdb failed: {answer.stderr.strip()[-500:]}")
        fresh.rename(self._cluster)
