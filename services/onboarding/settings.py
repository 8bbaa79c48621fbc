"""Settings of onboarding. Prefix `ONBOARDING_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.settings import ServiceSettings


class VaultSettings(BaseSettings):
    """The secrets of the vault."""

    model_config = SettingsConfigDict(env_prefix="ONBOARDING_", extra="ignore", hide_input_in_errors=True)

    vault_key_file: Path = Field(
        description="file with the master keys that wrap data keys (32 bytes in base64 a line, the current key first)"
    )
    vault_pepper_file: Path = Field(description="file with the secret of the blind index (32 bytes, base64)")
    intake_keys_file: Path = Field(
        description="file with the private keys (JWKS) that open what sources encrypt; the first is published"
    )


class OnboardingSettings(ServiceSettings, VaultSettings):
    """What onboarding needs beside what every service does: the secrets of its vault."""

    model_config = SettingsConfigDict(env_prefix="ONBOARDING_", extra="ignore", hide_input_in_errors=True)
