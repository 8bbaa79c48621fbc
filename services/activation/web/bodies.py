"""What requests about a client's users, licences and consultants carry."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.grants import GrantKind
from schemas.personal_numbers import NumberDisclosed, discloses_a_number
from schemas.values import Code, Level, Locale, Reason, Sub
from services.activation.domain.ordering import MOST
from services.activation.domain.saving import MOST_CHANGES, Wish


def minute_of(moment: datetime) -> datetime:
    """The minute that a moment lies in: what ends in the same minute ends together, and nothing later than asked."""
    return moment.replace(second=0, microsecond=0)


def minute_after(moment: datetime) -> datetime:
    """The next whole minute: what comes in the same minute comes together, and nothing earlier than asked."""
    return moment if moment == minute_of(moment) else minute_of(moment) + MINUTE


def _harmless(value: str) -> None:
    if discloses_a_number(value):
        raise PydanticCustomError(NumberDisclosed.code, "a personal number")


def _name(value: str) -> str:
    _harmless(value)
    if len(value) > 200:
        raise PydanticCustomError("name_too_long", "more than 200 letters")
    return value


def _email(value: str) -> str:
    _harmless(value)
    if len(value) > 254 or not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise PydanticCustomError("invalid_email", "no e-mail address")
    return value


def _count(value: int) -> int:
    if not 0 <= value <= MOST:
        raise PydanticCustomError("invalid_count", "not a number of licences that there can be")
    return value


PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000, strip_whitespace=True, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"),
    AfterValidator(_name),
]
Address = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True), AfterValidator(_email)]
Number = Annotated[int, AfterValidator(_count)]


MINUTE = timedelta(minutes=1)


class Body(BaseModel):
    """Base of all bodies: what nobody knows is refused, since a misspelt wish must not be passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Cell(Body):
    """A wish without its user: of whoever is invited. `none` takes away; `until` ends it by itself."""

    kind: GrantKind
    program: Code | None = None
    part: Code | None = None
    level: Level
    until: AwareDatetime | None = Field(None, description="ends by itself then; kept as the whole minute it lies in")

    def wish(self, user_id: UUID) -> Wish:
        until = None if self.until is None else minute_of(self.until)
        return Wish(user_id, self.kind, self.level, self.program or "", self.part or "", until)


class CellOfUser(Cell):
    """One change of a Save."""

    user_id: UUID


class SaveBody(Body):
    """A Save: all of its changes or none."""

    changes: Annotated[list[CellOfUser], Field(max_length=MOST_CHANGES)]

    def wishes(self) -> tuple[Wish, ...]:
        return tuple(each.wish(each.user_id) for each in self.changes)


class InviteBody(Body):
    """A new user, and what they shall hold from the beginning."""

    name: PersonName
    email: Address
    locale: Locale = "sv"
    grants: Annotated[list[Cell], Field(max_length=MOST_CHANGES)] = []


class EditBody(Body):
    """What of a user shall be otherwise."""

    name: PersonName | None = None
    email: Address | None = None
    locale: Locale | None = None
    state: Literal["active", "disabled"] | None = None


class AcceptBody(Body):
    """The code from the link."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class OrderBody(Body):
    """Program → how many licences more."""

    counts: Annotated[dict[Code, Number], Field(min_length=1, max_length=100)]


class ReductionBody(Body):
    """How many licences of a program are to be left, at once or from a day on; a reason is always required."""

    program: Code
    count: Number
    reason: Reason | None = None
    effective_at: AwareDatetime | None = Field(None, description="kept as the next whole minute; at once without it")
    release: list[UUID] = Field(
        [], max_length=MOST_CHANGES, description="users who give their licence back, at once or on that day"
    )


class ProgramAccessBody(Body):
    """Whether the client has programs of its own."""

    program_access: StrictBool


class ConsultantsBody(Body):
    """All who are to be linked to the client."""

    consultants: Annotated[list[Sub], Field(max_length=1000)]


class ReassignBody(Body):
    """Who is to answer for the client; null: nobody in particular."""

    responsible_consultant: Sub | None


class HandoverBody(Body):
    """Whose clients go to whom; without `clients` all of them. `preview` says what would happen."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)

    from_: Sub = Field(alias="from")
    to: Sub
    clients: Annotated[list[UUID], Field(max_length=1000)] | None = None
    preview: StrictBool = False


class RestorationBody(Body):
    """Which consultant is to be administrator, and why."""

    consultant: Sub
    reason: Reason


class ConfirmationBody(Body):
    """The consultant whom the first operator has named."""

    consultant: Sub


class Entries(Body):
    """Entries of the activation list."""

    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class ApprovalBody(Body):
    """The code from the mail; without it the session of the administrator is enough."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
