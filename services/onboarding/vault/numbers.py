"""Personal identity numbers at rest: each sealed with its client's own key, which the master key wraps."""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chassis.unit_of_work import UnitOfWork
from services.onboarding.domain.identity_numbers import IdentityNumber
from services.onboarding.vault.intake_keys import IntakeKeys
from services.onboarding.vault.key_files import KEY_BYTES

NONCE_BYTES = 12


class Vault:
    """Seals numbers, and finds equal ones without opening any.

    A data key per client is wrapped by the master key, so that destroying the row's key erases one client alone.
    """

    def __init__(self, master_key: bytes, pepper: bytes, intake: IntakeKeys) -> None:
        self.intake = intake
        self._master = AESGCM(master_key)
        self._pepper = pepper
        self._master_key_id = hashlib.sha256(b"master-key-id" + master_key).hexdigest()[:16]

    def index(self, number: IdentityNumber) -> bytes:
        """The blind index: equal for equal numbers, and worth nothing without the pepper."""
        return self._keyed(b"identity", number.canonical.encode())

    def digest(self, content: bytes) -> bytes:
        """A keyed digest of a request, which may hold a number that a plain one would let somebody guess."""
        return self._keyed(b"content", content)

    async def keep(self, uow: UnitOfWork, numbers: Mapping[UUID, IdentityNumber]) -> None:
        """Stores the numbers of new clients in the transaction that creates these."""
        if numbers:
            await uow.connection.copy_records_to_table(
                "vault",
                columns=("client_id", "master_key_id", "wrapped_key", "sealed"),
                records=[self._row(client_id, number) for client_id, number in numbers.items()],
            )

    async def destroy(self, uow: UnitOfWork, clients: Sequence[UUID]) -> None:
        """Destroys the keys of clients, and with each the number that no other key opens."""
        await uow.connection.execute("delete from vault where client_id = any($1::uuid[])", clients)

    async def reveal(self, uow: UnitOfWork, client_id: UUID) -> str | None:
        """A client's number in twelve digits, or None. Raises cryptography.exceptions.InvalidTag for a foreign key."""
        row = await uow.connection.fetchrow("select wrapped_key, sealed from vault where client_id = $1", client_id)
        if row is None:
            return None
        key = _open(self._master, row["wrapped_key"], client_id)
        return _open(AESGCM(key), row["sealed"], client_id).decode()

    def seal_draft(self, owner: UUID, content: bytes) -> tuple[str, bytes, bytes]:
        """What is not a client yet: (master key id, wrapped key, sealed), which opens for its owner alone."""
        key = AESGCM.generate_key(KEY_BYTES * 8)
        return self._master_key_id, _close(self._master, key, owner), _close(AESGCM(key), content, owner)

    def open_draft(self, owner: UUID, wrapped_key: bytes, sealed: bytes) -> bytes:
        """What `seal_draft` sealed. Raises cryptography.exceptions.InvalidTag for a foreign key."""
        return _open(AESGCM(_open(self._master, wrapped_key, owner)), sealed, owner)

    def _row(self, client_id: UUID, number: IdentityNumber) -> tuple[UUID, str, bytes, bytes]:
        key = AESGCM.generate_key(KEY_BYTES * 8)
        sealed = _close(AESGCM(key), number.canonical.encode(), client_id)
        return client_id, self._master_key_id, _close(self._master, key, client_id), sealed

    def _keyed(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.digest(self._pepper, purpose + b"\x00" + content, "sha256")


def _close(cipher: AESGCM, content: bytes, client_id: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, client_id.bytes)


def _open(cipher: AESGCM, sealed: bytes, client_id: UUID) -> bytes:
    return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], client_id.bytes)
