"""The vault: personal identity numbers and the keys that open them; nothing else ever holds one."""

from functools import cache

from chassis.db import Database
from chassis.key_files import SecretUnusable, read_key
from chassis.settings import ServiceSettings
from services.onboarding.settings import VaultSettings
from services.onboarding.vault import rotation
from services.onboarding.vault.intake_keys import IntakeKeys, Undecryptable
from services.onboarding.vault.master_keys import MasterKeyMissing, MasterKeys
from services.onboarding.vault.numbers import Vault

__all__ = ["MasterKeyMissing", "SecretUnusable", "Undecryptable", "Vault", "check", "check_stored", "opened"]


def check(_settings: ServiceSettings) -> None:
    """Opens the vault at the start of the process. Raises SecretUnusable, which no later try would mend."""
    opened()


async def check_stored(database: Database) -> None:
    """Whether every key is there that something stored was wrapped by. Raises SecretUnusable."""
    opened().master.must_hold(await rotation.needed(database))


@cache
def opened() -> Vault:
    """The vault of this process. Raises SecretUnusable."""
    settings = VaultSettings()
    return Vault(
        MasterKeys(settings.vault_key_file),
        read_key(settings.vault_pepper_file),
        IntakeKeys(settings.intake_keys_file),
    )
