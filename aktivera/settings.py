"""What the environment can tell the command, the local stack and the making of databases."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CommandSettings(BaseSettings):
    """What the command `aktivera` can be told. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(env_prefix="AKTIVERA_", extra="ignore", env_ignore_empty=True)

    root: Path = Field(Path(), description="folder of the local stack")
    onboarding_url: str | None = Field(None, description="address of onboarding, where it is not the local stack's")
    activation_url: str | None = Field(None, description="address of activation, where it is not the local stack's")
    notifier_url: str | None = Field(None, description="address of the notifier, where it is not the local stack's")
    insights_url: str | None = Field(None, description="address of insights, where it is not the local stack's")
    mail_url: str | None = Field(None, description="address of the mail page, shown by the demo")
    kafka_bootstrap: str | None = Field(None, description="brokers, where they are not the local stack's")
    signing_key_file: Path | None = Field(None, description="private key (JWK) that `aktivera token` signs with")

    @property
    def signing_key(self) -> Path:
        """The key as told, else the local stack's."""
        return self.signing_key_file or self.root.resolve() / ".local" / "secrets" / "token-signing-key.json"


class StackSettings(BaseSettings):
    """What `make up` can be told. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(env_prefix="AKTIVERA_", extra="ignore", env_ignore_empty=True)

    broker: Literal["kafka", "mock"] | None = Field(
        None,
        description="`kafka`: without Java `make up` fails; `mock`: no Kafka; off: Kafka where it can run, else mock",
    )
    insights: bool = Field(True, description="whether `make up` starts the statistics too")


class ProvisioningSettings(BaseSettings):
    """What `aktivera migrate` can be told where it makes databases and logins too. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(env_prefix="AKTIVERA_", extra="ignore", env_ignore_empty=True)

    postgres_superuser_dsn: str | None = Field(
        None, description="postgresql://postgres@host:port/postgres, without password: makes what is missing"
    )
    postgres_superuser_password_file: Path | None = Field(
        None, description="file with that user's password; beside it lie `postgres-<role>`, one for each login"
    )
