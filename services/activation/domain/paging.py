"""The place in the activation list that a `next` cursor stands for."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from schemas.errors import Refused


class InvalidCursor(Refused):
    """The cursor is none that a list of ours gave out."""

    code = "invalid_cursor"


@dataclass(frozen=True, slots=True)
class Place:
    """The last entry of a page; the next page begins after it."""

    listed_at: datetime
    client_id: UUID

    def cursor(self) -> str:
        """The place as an opaque word."""
        return base64.urlsafe_b64encode(f"{self.listed_at.isoformat()} {self.client_id}".encode()).decode()

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """Raises InvalidCursor."""
        try:
            listed_at, client_id = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
            moment = datetime.fromisoformat(listed_at)
            if moment.tzinfo is None:
                raise InvalidCursor
            return cls(moment.astimezone(UTC), UUID(client_id))
        except (binascii.Error, UnicodeError, ValueError, OverflowError) as error:
            raise InvalidCursor from error


NEWEST = Place(datetime.max.replace(tzinfo=UTC), UUID(int=0))
"""The place before every entry."""
