"""What the routes answer, and how it is made from rows and states."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from schemas.activation_snapshot import ActivationStatus
from schemas.values import Counts, Origin
from services.activation.domain.activation import Activation


class Somebody(BaseModel):
    """Who did something; `name` is empty once the client is erased."""

    sub: str
    name: str


class Entry(BaseModel):
    """A client in the activation list. `counts`: licences bought; `age_days`: whole days since it was listed."""

    client_id: UUID
    client_name: str
    status: ActivationStatus
    origin: Origin
    test: bool
    created_at: datetime
    listed_at: datetime
    age_days: int
    created_by: Somebody | None
    responsible_consultant: str | None
    program_access: bool
    counts: Counts
    activated_by: Somebody | None
    activated_at: datetime | None


class Page(BaseModel):
    """A page of the list; `next` is the cursor of the page after it."""

    items: list[Entry]
    next: str | None


class Activated(BaseModel):
    """Who activated the client and when; the same for every call by that person."""

    client_id: UUID
    status: ActivationStatus
    activated_by: Somebody
    activated_at: datetime
    became_system_administrator: bool


def entry(row: Mapping[str, Any], now: datetime) -> Entry:
    """An entry from a row of `store.lists`."""
    return Entry.model_construct(
        **{name: row[name] for name in _AS_STORED},
        age_days=max((now - row["listed_at"]).days, 0),
        created_by=_person(row["created_by_sub"], row["created_by_name"]),
        counts=dict(zip(row["programs"], row["purchased"], strict=True)),
        activated_by=_person(row["activated_by_sub"], row["activated_by_name"]),
    )


def activated(state: Activation) -> Activated:
    """The answer to whoever activated the client."""
    assert state.activated_at is not None
    assert state.became_system_administrator is not None
    person = _person(state.activated_by_sub, state.activated_by_name)
    assert person is not None
    return Activated.model_construct(
        client_id=state.client_id,
        status=state.status,
        activated_by=person,
        activated_at=state.activated_at,
        became_system_administrator=state.became_system_administrator,
    )


_AS_STORED = (
    "client_id",
    "client_name",
    "status",
    "origin",
    "test",
    "created_at",
    "listed_at",
    "responsible_consultant",
    "program_access",
    "activated_at",
)


def _person(sub: str | None, name: str | None) -> Somebody | None:
    return None if sub is None else Somebody.model_construct(sub=sub, name=name or "")
