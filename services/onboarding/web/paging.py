"""The place in the client list that a `next` cursor stands for."""

import base64
import binascii
from uuid import UUID

from schemas.errors import Refused


class CursorInvalid(Refused):
    """The cursor is none that a list of ours gave out."""

    code = "invalid_cursor"


def cursor_after(client_id: UUID) -> str:
    """The cursor of the page that begins after a client."""
    return base64.urlsafe_b64encode(client_id.bytes).decode().rstrip("=")


def client_before(cursor: str) -> UUID:
    """The client that a cursor's page begins after. Raises CursorInvalid."""
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise CursorInvalid from None
