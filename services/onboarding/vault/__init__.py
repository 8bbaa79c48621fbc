"""The vault: personal identity numbers and the keys that open them; nothing else ever holds one."""

from functools import cache

from chassis.settings import ServiceSettings
from services.onboarding.settings import VaultSettings
from services.onboarding.vault.intake_keys import IntakeKeys, Undecryptable
from services.onboarding.vault.key_files import SecretUnusable, read_key
from services.onboarding.vault.numbers import Vault

__all__ = ["SecretUnusable", "Undecryptable", "Vault", "check", "opened"]


def check(_settings: ServiceSettings) -> None:
    """Opens the vault at the start of the process. Raises SecretUnusable, which no later try would mend."""
    opened()


@cache
def opened() -> Vault:
    """The vault of this process. Raises SecretUnusable."""
    settings = VaultSettings()
    return Vault(
        read_key(settings.vault_key_file),
        read_key(settings.vault_pepper_file),
        IntakeKeys.from_file(settings.intake_keys_file),
    )
