"""Personal identity numbers at rest: each sealed with its client's own key, which a master key wraps."""

import hmac
from collections.abc import Mapping, Sequence
from uuid import UUID

from chassis.adding import add_rows
from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.identity_numbers import IdentityNumber
from services.onboarding.vault.intake_keys import IntakeKeys
from services.onboarding.vault.master_keys import MasterKeys, close, data_key, open_


class Vault:
    """Seals numbers, and finds equal ones without opening any.

    A data key per client is wrapped by a master key, so that destroying the row's key erases one client alone.
    """

    def __init__(self, master: MasterKeys, pepper: bytes, intake: IntakeKeys) -> None:
        self.master = master
        self.intake = intake
        self._pepper = pepper

    def index(self, number: IdentityNumber) -> bytes:
        """The blind index: equal for equal numbers, and worth nothing without the pepper."""
        return self._keyed(b"identity", number.canonical.encode())

    def digest(self, content: bytes) -> bytes:
        """A keyed digest of a request, which may hold a number that a plain one would let somebody guess."""
        return self._keyed(b"content", content)

    async def keep(self, uow: UnitOfWork, numbers: Mapping[UUID, IdentityNumber]) -> None:
        """Stores the numbers of new clients in the transaction that creates these."""
        rows = [(client_id, *self.seal(client_id, number.canonical.encode())) for client_id, number in numbers.items()]
        await add_rows(uow.connection, "vault", ("client_id", "master_key_id", "wrapped_key", "sealed"), rows)

    async def destroy(self, uow: UnitOfWork, clients: Sequence[UUID]) -> None:
        """Destroys the keys of clients, and with each the number that no other key opens."""
        await uow.connection.execute("delete from vault where client_id = any($1::uuid[])", clients)

    async def reveal(self, uow: UnitOfWork, client_id: UUID) -> str | None:
        """A client's number in twelve digits, or None. Raises as `unseal`."""
        row = await uow.connection.fetchrow(
            "select master_key_id, wrapped_key, sealed from vault where client_id = $1", client_id
        )
        return None if row is None else self.unseal(client_id, *row).decode()

    def seal(self, owner: UUID, content: bytes) -> tuple[str, bytes, bytes]:
        """(id of the master key, wrapped key, sealed), which opens for its owner alone."""
        key = data_key()
        return *self.master.wrap(key, owner.bytes), close(key, content, owner.bytes)

    def unseal(self, owner: UUID, master_key_id: str, wrapped_key: bytes, sealed: bytes) -> bytes:
        """What `seal` sealed. Raises MasterKeyMissing, and cryptography.exceptions.InvalidTag where it was changed."""
        return open_(self.master.unwrap(master_key_id, wrapped_key, owner.bytes), sealed, owner.bytes)

    def _keyed(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.digest(self._pepper, purpose + b"\x00" + content, "sha256")
