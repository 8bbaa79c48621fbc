"""The one-shot steps before services start: databases and logins, migrations, topics."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from aktivera import SERVICES
from aktivera.local.postgres import provision
from chassis import kafka
from chassis.migrate import migrate
from chassis.settings import CommonSettings, with_password
from schemas.topics import REQUESTS, RESULTS, TOPICS, requests_topic, results_topic

CODE = Path(__file__).resolve().parent.parent


class TopicsNotMade(Exception):  # named after the fact
    """The broker does not answer, or refuses to make topics."""


def migrations_of(service: str) -> Path:
    return CODE / "services" / service / "migrations"


def migrate_all(settings: Mapping[str, str]) -> dict[str, list[str]]:
    """Migrates every service's database as its owner; answers what was run. Raises KeyError for a lacking DSN."""
    return {service: migrate(_owner_dsn(service, settings), migrations_of(service)) for service in SERVICES}


def _owner_dsn(service: str, settings: Mapping[str, str]) -> str:
    """As given; where the superuser is given instead, the roles and the database are made first."""
    server = settings.get("AKTIVERA_POSTGRES_SUPERUSER_DSN")
    if server is None:
        prefix = service.upper()
        file = settings.get(f"{prefix}_OWNER_PASSWORD_FILE")
        return with_password(settings[f"{prefix}_OWNER_DSN"], Path(file) if file else None)
    secret = Path(settings["AKTIVERA_POSTGRES_SUPERUSER_PASSWORD_FILE"])  # beside it: postgres-<role>, …
    return asyncio.run(provision(with_password(server, secret), service, secret.parent)).owner


def create_source_topics(kafka_bootstrap: str, slug: str) -> list[str]:
    """Creates the pair of topics of a source where it is missing, and answers their names. Raises TopicsNotMade."""
    common = CommonSettings(kafka_bootstrap=kafka_bootstrap)
    days = (TOPICS[REQUESTS].retention_days, TOPICS[RESULTS].retention_days)
    wanted = zip((requests_topic(slug), results_topic(slug)), days, strict=True)
    try:
        return asyncio.run(kafka.create_topics(common, list(wanted)))
    except (kafka.KafkaError, TimeoutError) as error:
        raise TopicsNotMade(str(error) or type(error).__name__) from None


def create_topics(settings: Mapping[str, str]) -> list[str]:
    """Creates the topics that are missing and answers their names. Raises KafkaError."""
    names = {name.removeprefix("AKTIVERA_").lower(): value for name, value in settings.items()}
    common = CommonSettings(**{name: names[name] for name in names if name in CommonSettings.model_fields})  # type: ignore[arg-type]  # pydantic parses
    return asyncio.run(kafka.create_topics(common, [(topic.name, topic.retention_days) for topic in TOPICS.values()]))
