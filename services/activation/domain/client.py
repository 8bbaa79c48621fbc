"""A listed client with all that belongs to it: licences, users, what they hold. On this every act is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from schemas.grants import GrantKind
from schemas.users import UserState
from schemas.values import Level, Locale, Person, Reason
from services.activation.domain.activation import Activation, Asked
from services.activation.domain.agency import Consultant

if TYPE_CHECKING:
    from services.activation.domain.history import Entry

AKTIVERA = Person(sub="aktivera", name="Aktivera")
"""Who has acted where something ended or fell due by itself."""

InvitationState = Literal["open", "accepted", "withdrawn", "expired"]
UserKind = Literal["client", "consultant"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix. `program` may be a shared group; it and `part` are empty for kinds that have none."""

    user_id: UUID
    kind: GrantKind
    program: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a user holds in a cell. It ends by itself at `until`."""

    level: Level
    until: datetime | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Licence:
    """How many licences of a program a client has. `ordered`: as first ordered.

    `grace_until` is set while more are in use than there are, which only a source can bring about.
    `low_told`: that few are left was said, and is not said again until more are free.
    """

    ordered: int
    purchased: int
    grace_until: datetime | None = None
    low_told: bool = False


@dataclass(frozen=True, slots=True)
class Reduction:
    """A change that waits for its day; `count` is what there is then. `rises`: onboarding asked for more on a day.

    `by_source`: neither the client nor the agency can refuse it, nor take it back. `release`: users who lose their
    licence on that day, so that the rest fits.
    """

    reduction_id: UUID
    program: str
    count: int
    effective_at: datetime
    reason: Reason
    by_source: bool = False
    request_id: UUID | None = None
    rises: bool = False
    release: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who may enter the client: one of its own people, or a consultant of the agency."""

    user_id: UUID
    kind: UserKind
    sub: str | None
    name: str
    email: str
    locale: Locale
    state: UserState
    logged_in_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """The last invitation of a user. `generation` counts the codes, `mailing` the mails.

    `resends_on`: when it was sent again, to the address that it has now; `readdressed_on`: when it got another one.
    """

    invitation_id: UUID
    user_id: UUID
    state: InvitationState
    generation: int
    mailing: int
    kid: str
    invited_by: Person
    expires_at: datetime
    resends_on: tuple[datetime, ...] = ()
    readdressed_on: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Disconnecting:
    """A wish that agency and client part, which waits for an administrator of the client's own."""

    disconnection_id: UUID
    generation: int
    kid: str
    by: Person
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Restoring:
    """An operator's wish that a consultant become administrator of a client that has locked itself out."""

    sub: str
    reason: Reason
    by_sub: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator can set. `after_grace`: what becomes of licences in use beyond what is bought (§7.6)."""

    kid: str
    invitation_days: int = 7
    disconnection_days: int = 7
    grace_days: int = 30
    after_grace: Literal["blocked", "release_newest"] = "blocked"


@dataclass(frozen=True, slots=True)
class Client:
    """Never changed in place. `users` by id, `invitations` by the user's id, `linked` and `staff` by subject.

    `noted` is what the history gets of a decision: stored with it, and not loaded again. `due_at`: when something
    falls due by itself.
    """

    activation: Activation
    access_version: int = 0
    configured_by: Person | None = None
    configured_at: datetime | None = None
    licences: Mapping[str, Licence] = field(default_factory=dict)
    reductions: Mapping[UUID, Reduction] = field(default_factory=dict)
    users: Mapping[UUID, Member] = field(default_factory=dict)
    grants: Mapping[Cell, Held] = field(default_factory=dict)
    invitations: Mapping[UUID, Invitation] = field(default_factory=dict)
    linked: frozenset[str] = frozenset()
    disconnecting: Disconnecting | None = None
    restoring: Restoring | None = None
    asked: tuple[Asked, ...] = ()
    staff: Mapping[str, Consultant] = field(default_factory=dict)
    seen_by_all: bool = True
    due_at: datetime | None = None
    noted: "tuple[Entry, ...]" = field(default=(), compare=False)

    def user_of(self, sub: str) -> Member | None:
        """The user that a subject enters as, if any."""
        return next((each for each in self.users.values() if each.sub == sub and each.state == "active"), None)

    def holds(self, cell: Cell, now: datetime) -> bool:
        """Whether something is held in the cell that has not ended."""
        held = self.grants.get(cell)
        return held is not None and (held.until is None or held.until > now)
