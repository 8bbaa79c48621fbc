"""The activation service's settings. Prefix `ACTIVATION_`."""

from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class ActivationSettings(ServiceSettings):
    """What the activation service can be told."""

    model_config = SettingsConfigDict(env_prefix="ACTIVATION_", extra="ignore", hide_input_in_errors=True)
