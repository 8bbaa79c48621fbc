"""An import: the rows of a file, decided one by one as a person's requests; tried out first or done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from schemas.errors import Pointed, Refused
from schemas.values import Person
from services.onboarding.domain.client import Client
from services.onboarding.domain.creation import CreateClient, Creation, Namesake, create_client
from services.onboarding.domain.csv_files import FileUnreadable
from services.onboarding.domain.drafts import Warned, form_warnings
from services.onboarding.domain.new_client import name_key

KEPT = timedelta(days=45)
MOST_RUNNING = 5
LONGEST_PAUSE = timedelta(minutes=10)

ImportStatus = Literal["running", "done"]
RowStatus = Literal["pending", "created", "valid", "known", "refused"]
"""`valid`: a dry run would have created it. `known`: the agency has this client already, as it had before."""

KNOWN = frozenset({"already_onboarded", "duplicate_client"})


class ImportUnknown(Refused):
    """There is no such import, or it is somebody else's."""

    code = "not_found"


class TooManyImports(Refused):
    """The agency has as many imports under way as are done at once."""

    code = "rate_limited"


class FileChanged(Refused):
    """The file is not the one that the dry run was made of."""

    code = "file_changed"


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was sent: whose it is, and how far it has come."""

    import_id: UUID
    agency: str
    created_by: Person
    dry_run: bool
    status: ImportStatus
    correlation_id: str
    created_at: datetime
    finished_at: datetime | None
    rows: Mapping[str, int]
    """total, done, created, valid, known, refused."""
    also_sent_by: frozenset[str] = frozenset()
    """Colleagues who sent the same file, and so know all that is in it."""

    def visible_to(self, agency: str, sub: str, *, agency_admin: bool) -> bool:
        return self.agency == agency and (agency_admin or self.is_sent_by(sub))

    def is_sent_by(self, sub: str) -> bool:
        return sub == self.created_by.sub or sub in self.also_sent_by


def pause(failures: int) -> timedelta:
    """How long an import that failed so often in a row is passed over: what is missing may come back."""
    return min(timedelta(seconds=5 << min(failures, 10)), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A row of the same file that has, or would have, a client: what a later row may be the double of."""

    row: int
    client_id: UUID


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a row. `same_row` is the row of the same file whose double it is."""

    status: RowStatus
    code: str | None = None
    errors: tuple[Pointed, ...] = ()
    warnings: tuple[Warned, ...] = ()
    client_id: UUID | None = None
    same_row: int | None = None


@dataclass(frozen=True, slots=True)
class Doubles:
    """Rows of the same file that came before: by number (and name, for an association), and by reference."""

    by_number: Earlier | None = None
    by_reference: Earlier | None = None


def decide_row(  # noqa: PLR0913  # a row, and all that it is decided on
    content: Mapping[str, Any],
    *,
    fits: bool,
    beside: Creation,
    doubles: Doubles,
    file: Import,
    client_id: UUID,
    correlation_id: str,
    now: datetime,
) -> tuple[Result, Client | None]:
    """What becomes of a row, and the client that it makes. The rules are those of POST /v1/clients."""
    if not fits:
        return Result("refused", FileUnreadable.code, (Pointed("", FileUnreadable.code),)), None
    command = CreateClient(client_id, file.agency, content, file.created_by, correlation_id, origin="csv")
    try:
        client = create_client(_with_doubles(beside, doubles, content, file.agency), command, now).state.client
    except Refused as refusal:
        return _refused(refusal, doubles), None
    assert client is not None
    warned = tuple(form_warnings(client.identity.kind, client.identity.number, client.name))
    return Result("valid" if file.dry_run else "created", warnings=warned, client_id=client_id), client


def _with_doubles(beside: Creation, doubles: Doubles, content: Mapping[str, Any], agency: str) -> Creation:
    """What is there, and what the rows before have made or would have made."""
    neighbours = beside.neighbours
    if doubles.by_reference is not None and neighbours.same_reference is None:
        neighbours = replace(neighbours, same_reference=doubles.by_reference.client_id)
    if doubles.by_number is not None:
        identity = content["details"]["identity"]
        name = content["details"].get("name")
        same = Namesake(doubles.by_number.client_id, agency, identity["kind"], key_of(name))
        neighbours = replace(neighbours, same_number=(*neighbours.same_number, same))
    return replace(beside, neighbours=neighbours)


def key_of(name: Any) -> str:
    """The name by which associations on one number are told apart."""
    return name_key(name) if isinstance(name, str) else ""


def _refused(refusal: Refused, doubles: Doubles) -> Result:
    known = refusal.facts.get("client_id")
    client_id = known if isinstance(known, UUID) else None
    row = next(
        (each.row for each in (doubles.by_reference, doubles.by_number) if each and each.client_id == client_id), None
    )
    status: RowStatus = "known" if refusal.code in KNOWN and row is None else "refused"
    return Result(status, refusal.code, refusal.errors, client_id=client_id, same_row=row)
