"""The columns of `activations`, once: how a state is read from a row, copied in and updated."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from services.activation.domain.activation import Activation

NOT_STORED_HERE = {"ordered", "joined", "asked", "kyc_by", "only_for", "own_people", "leaving"}
FIXED = {"client_id", "agency", "origin", "created_by_sub", "correlation_id", "created_at", "listed_at"}

COLUMNS = tuple(each.name for each in fields(Activation) if each.name not in NOT_STORED_HERE)
CHANGING = ("client_id", *(name for name in COLUMNS if name not in FIXED))

_TYPES = {
    "client_id": "uuid",
    "test": "boolean",
    "program_access": "boolean",
    "version": "bigint",
    "activated_at": "timestamptz",
    "became_system_administrator": "boolean",
    "cancelled_at": "timestamptz",
}

row_of: Callable[[Activation], tuple[Any, ...]] = attrgetter(*COLUMNS)
changes_of: Callable[[Activation], tuple[Any, ...]] = attrgetter(*CHANGING)

LOAD = f"""select {", ".join(COLUMNS)} from activations
            where client_id = any($1::uuid[]) order by client_id for update"""  # noqa: S608  # names from our own class

UPDATE = f"""update activations a set {", ".join(f"{name} = n.{name}" for name in CHANGING[1:])}
               from unnest({", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(CHANGING, 1))})
                 as n({", ".join(CHANGING)})
              where a.client_id = n.client_id"""  # noqa: S608  # names from our own class
