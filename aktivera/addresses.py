"""Where the services are: from the environment, else from the local stack's endpoints.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from aktivera import SERVICES, STATISTICS
from aktivera.settings import CommandSettings


class NothingRuns(Exception):  # named after the fact
    """The local stack does not run: start it with `make up`, or set AKTIVERA_ONBOARDING_URL and the like."""


@dataclass(frozen=True)
class Addresses:
    """Base URLs by service, the brokers, and the key that tokens are signed with; `root` is the local stack's.

    `insights` is None where no statistics run.
    """

    services: dict[str, str]
    kafka: str
    mail: str | None
    signing_key: Path
    root: Path | None = None
    insights: str | None = None


def addresses() -> Addresses:
    """Raises NothingRuns where neither the environment nor a running local stack names the services."""
    settings = CommandSettings()
    given = {name: getattr(settings, f"{name}_url") for name in SERVICES}
    if all(given.values()) and settings.kafka_bootstrap:
        mail, insights = settings.mail_url, settings.insights_url
        return Addresses(given, settings.kafka_bootstrap, mail, settings.signing_key, insights=insights)
    root = settings.root.resolve()
    try:
        found = json.loads((root / ".local" / "endpoints.json").read_text(encoding="utf-8"))
        services = {name: found[name] for name in SERVICES}
    except (OSError, KeyError) as error:  # KeyError: only Kafka, Postgres and mail were started
        raise NothingRuns(NothingRuns.__doc__) from error
    mail, insights = found.get("mail"), found.get(STATISTICS)
    return Addresses(services, found["kafka"], mail, settings.signing_key, root, insights)
