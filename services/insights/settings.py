"""The settings of insights. Prefix `INSIGHTS_`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.settings import HttpSettings


class InsightsSettings(HttpSettings):
    """Where it listens, and how much it keeps."""

    model_config = SettingsConfigDict(env_prefix="INSIGHTS_", extra="ignore", hide_input_in_errors=True)

    kept_hours: int = Field(48, ge=1, le=24 * 30, description="how far back statistics go; topics keep 30 days")
    look_seconds: float = Field(
        10, gt=0, le=60, description="how often the ends of the topics and new sources are looked for"
    )
    gives_way: bool = Field(
        True, description="whether all other processes come first; else it takes its turn like them"
    )
    stalled_seconds: float = Field(60, gt=0, description="without progress for so long, reading begins anew")
