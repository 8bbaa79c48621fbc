"""Shapes of the matrix: licences, users with all that they hold, a Save's answer, what one user may do."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from schemas.activation_snapshot import ActivationStatus
from schemas.grants import GrantChange, GrantKind
from schemas.users import UserState
from schemas.values import Level, Locale, Reason
from services.activation.domain.client import InvitationState, UserKind

AccessVersion = Annotated[int, Field(description="counts the Saves; `ETag` in quotation marks")]


class ProgramLicences(BaseModel):
    """The licences of one program, counted from who holds them."""

    program: str
    purchased: int
    assigned: int = Field(description="held by users who are in")
    reserved: int = Field(description="held by users whose invitation is open")
    available: int = Field(description="purchased − assigned − reserved, now; 0 while over-assigned")
    remaining: int = Field(
        description="the purchased ones that are left once all waiting reductions have come:"
        " nothing is assigned beyond that number"
    )
    over_assigned: bool = Field(description="more are in use than there are: nothing more is assigned meanwhile")
    grace_until: AwareDatetime | None = Field(description="until when an over-assigned program is left as it is")
    retired: bool = Field(description="can be taken away and not given")


class WaitingReduction(BaseModel):
    """A reduction that waits for its day; `count` licences are left then."""

    reduction_id: UUID
    program: str
    count: int
    effective_at: AwareDatetime
    reason: Reason
    release: list[UUID] = Field(description="users who give their licence back on that day")
    overtaken: bool = Field(
        description="another that waits comes no later and leaves as few or fewer: this one does nothing, and goes then"
    )


class HeldGrant(BaseModel):
    """One thing that a user holds."""

    kind: GrantKind
    program: str | None = Field(description="a program, or for a permission a group of shared parts")
    part: str | None
    level: Level
    until: AwareDatetime | None = Field(description="when it ends by itself")


class SentInvitation(BaseModel):
    """The invitation of a user who is not in yet."""

    invitation_id: UUID
    state: InvitationState
    expires_at: AwareDatetime
    mailings: int = Field(description="how many times it was told to be mailed")


class ClientUser(BaseModel):
    """Somebody who may enter the client: one of its own people, or a consultant of the agency."""

    user_id: UUID
    kind: UserKind
    name: str
    email: str | None
    locale: Locale
    state: UserState
    logged_in: bool
    administrator_of_everything: bool = Field(
        description="the only user there is: shown as administrator of every program. Administrating a program gives"
        " no licence and no permission in it."
    )
    grants: list[HeldGrant]
    invitation: SentInvitation | None = Field(None, description="only while `state` is invited")


class Users(BaseModel):
    """A page of users, by name."""

    items: list[ClientUser]
    next: str | None


class Effect(BaseModel):
    """One thing that an act changes, or would change: a cell, a user, a link, who answers, an invitation, licences."""

    kind: str = Field(description="as in the history")
    user_id: UUID | None
    name: str | None = Field(description="the user's")
    program: str | None
    part: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Done(BaseModel):
    """What an act did, or with `dry_run` would do."""

    changes: list[GrantChange] = Field(description="the cells of the matrix that are others now")
    effects: list[Effect] = Field(description="all that is otherwise now, cells too; new names and addresses apart")


class ChangedUser(ClientUser, Done):
    """A user after an act."""

    access_version: AccessVersion


class GoneUser(Done):
    """A user who is there no more."""

    user_id: UUID
    state: Literal["removed"]
    access_version: AccessVersion


class OwnRights(BaseModel):
    """The caller in this client."""

    user_id: UUID | None
    system_administrator: bool
    program_administrator: list[str]


class Matrix(BaseModel):
    """Who holds what in a client."""

    client_id: UUID
    client_name: str
    status: ActivationStatus
    access_version: AccessVersion
    program_access: bool
    licences: list[ProgramLicences]
    reductions: list[WaitingReduction]
    users: list[ClientUser]
    you: OwnRights


class Foreseen(BaseModel):
    """What a Save would change."""

    changes: list[GrantChange]


class Saved(Foreseen):
    """What a Save changed: with it, what had to go too, such as the permissions of a licence that was taken away."""

    access_version: AccessVersion
    status: ActivationStatus


class Licences(BaseModel):
    """A client's licences, and the reductions that wait."""

    client_id: UUID
    program_access: bool
    licences: list[ProgramLicences]
    reductions: list[WaitingReduction]
    access_version: AccessVersion


class ChangedLicences(Licences):
    """The same after an act; `changes` is what users lost by it."""

    changes: list[GrantChange]


class Permission(BaseModel):
    """What a user may do in a part."""

    program: str
    part: str
    level: Level


class UserAccess(BaseModel):
    """What one user may do now. It holds until `valid_until`, and only where `state` is active."""

    client_id: UUID
    user_id: UUID
    state: UserState
    access_version: AccessVersion
    valid_until: AwareDatetime | None = Field(description="when the first of it ends by itself; null: none does")
    system_administrator: bool
    program_administrator: list[str]
    licences: list[str]
    permissions: list[Permission]


class Accepted(BaseModel):
    """The client that somebody has come into, and who they are there."""

    client_id: UUID
    client_name: str
    agency: str
    user_id: UUID
