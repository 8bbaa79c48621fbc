"""Where the services are: from the environment, else from the local stack's endpoints.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CommandSettings(BaseSettings):
    """What the command `aktivera` can be told. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(env_prefix="AKTIVERA_", extra="ignore")

    root: Path = Field(Path(), description="folder of the local stack")
    onboarding_url: str | None = Field(None, description="address of onboarding, where it is not the local stack's")
    activation_url: str | None = Field(None, description="address of activation, where it is not the local stack's")
    notifier_url: str | None = Field(None, description="address of the notifier, where it is not the local stack's")
    mail_url: str | None = Field(None, description="address of the mail page, shown by the demo")
    kafka_bootstrap: str | None = Field(None, description="brokers, where they are not the local stack's")
    signing_key_file: Path | None = Field(None, description="private key (JWK) that `aktivera token` signs with")


class NothingRuns(Exception):  # named after the fact
    """The local stack does not run: start it with `make up`, or set AKTIVERA_ONBOARDING_URL and the like."""


@dataclass(frozen=True)
class Addresses:
    """Base URLs by service, the brokers, and the key that tokens are signed with."""

    services: dict[str, str]
    kafka: str
    mail: str | None
    signing_key: Path


def addresses() -> Addresses:
    """Raises NothingRuns where neither the environment nor a running local stack names the services."""
    settings = CommandSettings()
    local = settings.root.resolve() / ".local"
    key = settings.signing_key_file or local / "secrets" / "token-signing-key.json"
    given = {
        "onboarding": settings.onboarding_url,
        "activation": settings.activation_url,
        "notifier": settings.notifier_url,
    }
    if all(given.values()) and settings.kafka_bootstrap:
        return Addresses(
            {name: url for name, url in given.items() if url}, settings.kafka_bootstrap, settings.mail_url, key
        )
    file = local / "endpoints.json"
    if not file.exists():
        raise NothingRuns(NothingRuns.__doc__)
    found = json.loads(file.read_text())
    return Addresses({name: found[name] for name in given}, found["kafka"], found.get("mail"), key)
