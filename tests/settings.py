"""What the environment can tell a run of the tests."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RunSettings(BaseSettings):
    """What `make test` can be told. Prefix `AKTIVERA_`."""

    model_config = SettingsConfigDict(env_prefix="AKTIVERA_", extra="ignore", env_ignore_empty=True)

    test_kafka: str | None = Field(None, description="broker that runs already, host:port; with AKTIVERA_TEST_POSTGRES")
    test_postgres: str | None = Field(None, description="address of a server that runs already, as its superuser")
    test_infra: Literal["containers"] | None = Field(
        None, description="Kafka and Postgres in containers, not as processes"
    )
    test_kill_clients: int = Field(1000, ge=1, description="clients that go through while processes are killed")
    test_arrow_rounds: int = Field(200, ge=1, description="rounds in which several people activate one client at once")
    test_soak_seeds: str = Field("1 2 3", description="seeds of the soak's random faults, separated by blanks")
    test_simulation_seed: str = Field("0", description="the first seed of the simulated histories")
    test_soak_minutes: float = Field(20, gt=0, description="how long each seed of the soak runs")
    docker_up: str | None = Field(None, description="command that starts a container engine where none answers")
