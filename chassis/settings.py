"""Settings: the one place that reads the environment. Secrets come as files, named by a `…_FILE` setting."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def environment() -> Mapping[str, str]:
    """The process's environment, for the few who pass it on to a child."""
    return os.environ


def read_secret(path: Path) -> str:
    """The content of a secret file without its trailing newline. Raises OSError where it cannot be read."""
    return path.read_text(encoding="utf-8").strip()


class CommonSettings(BaseSettings):
    """What all services share. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(
        env_prefix="AKTIVERA_", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    environment: Literal["production", "local", "test"] = Field("production", description="where this runs")
    kafka_bootstrap: str = Field("127.0.0.1:9092", description="brokers, host:port separated by commas")
    topic_prefix: str = Field("", description="put before every topic and group name")
    topic_partitions: int = Field(12, ge=1, description="partitions a new topic gets")
    topic_replication: int = Field(1, ge=1, description="replicas a new topic gets; 3 on a cluster")
    token_issuer: str = Field("https://aktivera.local", description="`iss` that tokens must carry")
    token_audience: str = Field("aktivera", description="`aud` that tokens must carry")
    token_keys_file: Path | None = Field(None, description="file with the issuer's public keys (JWKS)")
    token_keys_url: str | None = Field(
        None, description="address of the issuer's public keys (JWKS), instead of a file"
    )
    held_key_file: Path | None = Field(None, description="file with the key that seals held events (32 bytes, base64)")
    failpoint: str | None = Field(None, description="name:kill|raise|hang[@N]; refused unless the environment is test")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")


class HttpSettings(BaseSettings):
    """Where a service listens. A subclass sets its prefix, e.g. `INSIGHTS_`."""

    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(0, ge=0, le=65535, description="port to listen on; 0 takes a free one")


class ServiceSettings(HttpSettings):
    """What each service with a database has of its own. A subclass sets its prefix, e.g. `ONBOARDING_`."""

    database_dsn: str = Field(description="postgresql://user@host:port/database, without password")
    database_password_file: Path | None = Field(None, description="file with that user's password")
    database_connections: int = Field(8, ge=2, description="largest number of connections a process holds")
    database_timeout_seconds: float = Field(20.0, gt=0, description="longest wait for one statement")
    consume: bool = Field(True, description="whether this process reads topics")
    batch_events: int = Field(2000, ge=1, description="most events in one transaction")
    gathering_seconds: float = Field(
        0.2, ge=0, le=1, description="how long events that follow one another wait for more, to be handled together"
    )
    relay_gathering_seconds: float = Field(
        0.015, ge=0, le=1, description="how long what is said one after the other waits for more, to be sent together"
    )

    @cached_property
    def dsn(self) -> str:
        """The database address with the password from its file."""
        return with_password(self.database_dsn, self.database_password_file)


class OwnerSettings(BaseSettings):
    """The database owner of one service, used by migrations alone. Prefix as the service's."""

    owner_dsn: str = Field(description="postgresql://owner@host:port/database, without password")
    owner_password_file: Path | None = Field(None, description="file with that owner's password")

    @cached_property
    def dsn(self) -> str:
        return with_password(self.owner_dsn, self.owner_password_file)


def with_password(dsn: str, password_file: Path | None) -> str:
    """`dsn` with the password of `password_file` put in, escaped; unchanged where there is no file."""
    if password_file is None:
        return dsn
    parts = urlsplit(dsn)
    user, _, place = parts.netloc.rpartition("@")
    netloc = f"{user.split(':')[0]}:{quote(read_secret(password_file), safe='')}@{place}"
    return urlunsplit(parts._replace(netloc=netloc))
