"""The activation service's settings. Prefix `ACTIVATION_`."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from chassis.link_keys import LinkKeys
from chassis.settings import ServiceSettings
from services.activation.domain.client import Rules


class ActivationSettings(ServiceSettings):
    """How long invitations and wishes wait, and what becomes of licences beyond what is bought."""

    model_config = SettingsConfigDict(env_prefix="ACTIVATION_", extra="ignore", hide_input_in_errors=True)

    gathering_seconds: float = Field(
        0.03, ge=0, le=1, description="how long events that follow one another wait for more, to be handled together"
    )  # shorter than the others' wait: people look for a new client in the list
    link_keys_file: Path = Field(description="file with the keys of links in mails, as JSON: current, and keys by name")
    invitation_days: int = Field(7, ge=1, le=90, description="how long an invitation can be accepted")
    disconnection_days: int = Field(7, ge=1, le=90, description="how long a disconnection can be approved")
    grace_days: int = Field(30, ge=1, le=365, description="how long licences may stay in use beyond what is bought")
    after_grace: Literal["blocked", "release_newest"] = Field(
        "blocked", description="after that: new assignments stay blocked, or the newest licences are taken back"
    )
    kyc_required: bool = Field(
        default=False, description="whether somebody must confirm that the agency knows a client before it is activated"
    )
    reminder_days: int = Field(7, ge=1, le=365, description="after how many days in the list a client is reminded of")

    @cached_property
    def link_keys(self) -> LinkKeys:
        """Raises ValueError, OSError where the file holds none."""
        return LinkKeys.from_file(self.link_keys_file)

    @cached_property
    def rules(self) -> Rules:
        return Rules(
            kid=self.link_keys.current,
            invitation_days=self.invitation_days,
            disconnection_days=self.disconnection_days,
            grace_days=self.grace_days,
            after_grace=self.after_grace,
        )
