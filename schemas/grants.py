"""Grant events: licences, permissions and administrator roles of a client's users. Key and aggregate: the client."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from schemas.activation import AccessVersion, ClientScoped
from schemas.values import Code, Level, Person, Value

GrantKind = Literal["licence", "permission", "program_administrator", "system_administrator"]


class GrantChange(Value):
    """One cell of the matrix that a Save changed. `until` where the grant is time-limited."""

    user_id: UUID
    kind: GrantKind
    program: Code | None = None
    part: Code | None = None
    before: Level
    after: Level
    until: AwareDatetime | None = None


class Grant(Value):
    """One thing that a user holds now, as a snapshot lists it."""

    kind: GrantKind
    program: Code | None = None
    part: Code | None = None
    level: Level
    until: AwareDatetime | None = None


class GrantsChangedV1(ClientScoped):
    """One Save of the matrix; `access_version` is what programs compare to see whether theirs is stale."""

    access_version: AccessVersion
    changed_by: Person
    changes: list[GrantChange]
