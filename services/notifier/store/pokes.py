"""Pokes about the bell: that an item of a user is new, or reads otherwise now. They say where to look, never what."""

from collections.abc import Iterable

import orjson

from chassis.db import Database
from chassis.unit_of_work import UnitOfWork

CHANNEL = "bell"

MANY = 0
"""In place of an item's number: so many changed that the whole page is best read again."""

GONE = -1
"""In place of an item's number: the user has left, and hears nothing more."""

Poke = tuple[str, str, int]
"""(agency, sub, seq)"""


def poke(uow: UnitOfWork, about: Iterable[Poke]) -> None:
    """Once the transaction is committed; one that never arrives is made up for by whoever looks at the table."""
    uow.pokes.update(map(_payload, about))


def poke_now(database: Database, about: Poke) -> None:
    """As `poke`, of what is committed already."""
    database.pokes.add([_payload(about)])


def read(payload: str) -> Poke | None:
    """What a payload says; None where it is none of ours."""
    try:
        agency, sub, seq = orjson.loads(payload)
    except ValueError:
        return None
    return agency, sub, seq


def _payload(about: Poke) -> str:
    return orjson.dumps(about).decode()
