"""The census of refusals: what of a client's content is refused with which code, in every way that content comes in.

A channel is a way in. Each takes the same content (tests/unit/onboarding/contents.py) and answers what was told: a
further channel is a function registered by `channel`, and its name in `Channel`. What is no matter of content is an
act, which stands in the module of its channel.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from chassis.fold import Outcome
from schemas.errors import ERRORS
from tests.integration.onboarding.running import SOURCE, Running
from tests.unit.onboarding.contents import association, cloud_event, content, organisation, sole_trader
from tests.vault_secrets import encrypted

Channel = Literal["http", "event", "guide", "file"]
NUMBER = "/details/identity/number"
ENCRYPTED = "/details/identity/number_jwe"
IDENTITY = "details__identity"
CHANNELS: tuple[Channel, ...] = get_args(Channel)
OWNED = frozenset(code for code, text in ERRORS.items() if "onboarding" in text.owners)


@dataclass(frozen=True)
class Told:
    """What the sender was told: the code of the refusal, and (pointer, code) of each place."""

    code: str | None
    places: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Told":
        """From a problem document or the data of a rejection."""
        places = frozenset((each["pointer"], each["code"]) for each in body.get("errors", ()))
        return cls(body.get("code"), places)


@dataclass(frozen=True)
class Wrong:
    """One thing wrong with a content: it must be told by this code, at this pointer and nowhere else.

    `but` are the channels that cannot carry it. `sealed`: an event carries the number encrypted, and is told of that.
    """

    code: str
    pointer: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)
    but: frozenset[Channel] = frozenset()
    sealed: bool = False

    @property
    def sent(self) -> dict[str, Any]:
        return {**content(**self.changes), **self.beside}

    def problems(self, told: Told, name: Channel) -> list[str]:
        place = ENCRYPTED if self.sealed and self.pointer == NUMBER and name == "event" else self.pointer
        wanted = Told(self.code, frozenset({(place, self.code)}))
        return [] if told == wanted else [f"{self.code} at {place}: told {told}"]


Send = Callable[[Running, Wrong], Awaitable[Told]]
SENDS: dict[Channel, Send] = {}


def channel(name: Channel) -> Callable[[Send], Send]:
    """Registers the way in of this name."""

    def register(send: Send) -> Send:
        SENDS[name] = send
        return send

    return register


@channel("http")
async def by_http(running: Running, wrong: Wrong) -> Told:
    return Told.of((await running.create(wrong.sent)).json())


_numbers = iter(range(1, 1_000_000))


def fresh() -> int:
    """A number that no other case has: for ids, references and organisation numbers."""
    return next(_numbers)


@channel("event")
async def by_event(running: Running, wrong: Wrong) -> Told:
    event_id = f"census-{fresh()}"
    sent = wrong.sent
    if wrong.sealed:
        sent["details"]["identity"] = await sealed(running, event_id, sent["details"]["identity"])
    return await told_of(running, cloud_event(event_id, data={"agency": "byra-ett", **sent}))


async def sealed(running: Running, event_id: str, identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity whose number is encrypted for one request."""
    (key,) = (await running.http.get("/v1/intake/key")).json()["keys"]
    payload = {"number": identity["number"], "source": SOURCE, "id": event_id}
    rest = {name: value for name, value in identity.items() if name != "number"}
    return {**rest, "number_jwe": encrypted(payload, key)}


async def told_of(running: Running, request: dict[str, Any]) -> Told:
    """What a source is told of its request; of a record that names no sender, what it is held for."""
    before = len(await running.results())
    return await last_told(running, before, await running.ask(request))


async def last_told(running: Running, before: int, outcome: Outcome) -> Told:
    if outcome.holds:
        return Told(outcome.holds[-1].reason)
    kind, data = (await running.results())[before:][-1]
    return Told.of(data) if kind == "rejected" else Told(None)


NO_COLUMN: frozenset[Channel] = frozenset({"file"})
EVENT_ONLY: frozenset[Channel] = frozenset(CHANNELS) - {"event"}


def person(number: str) -> dict[str, Any]:
    return {IDENTITY: sole_trader(number)}


CONTENT = (
    Wrong("required", "/access", {"access": ...}),
    Wrong("required", "/access/program_access", {"access__program_access": ..., "access__invoice_recipient": "agency"}),
    Wrong("required", "/access/invoice_recipient", {"access__invoice_recipient": ...}),
    Wrong("required", "/access/invoice_interval", {"access__invoice_interval": ...}),
    Wrong("required", "/details/name", {"details__name": " "}),
    Wrong("required", "/details/address", {"details__address": ...}),
    Wrong("required", "/details/address/street", {"details__address__street": ""}),
    Wrong("required", "/details/address/city", {"details__address__city": ...}),
    Wrong("required", "/details/address/postal_code", {"details__address__postal_code": ...}),
    Wrong("required", "/details/identity/kind", {"details__identity__kind": ...}),
    Wrong("required", "/licences/confirmation_email", {"licences__confirmation_email": ...}),
    Wrong("invalid_choice", "/access/invoice_interval", {"access__invoice_interval": "week"}),
    Wrong("invalid_choice", "/access/invoice_recipient", {"access__invoice_recipient": "bank"}),
    Wrong("invalid_choice", "/details/identity/kind", {"details__identity__kind": "estate"}),
    Wrong("invalid_choice", "/details/address/country", {"details__address__country": "Sverige"}),
    Wrong("invalid_choice", "/locale", beside={"locale": "fi"}),
    Wrong("invalid_value", "/access/program_access", {"access__program_access": "perhaps", "licences__counts": ...}),
    Wrong("invalid_value", "/details/name", {"details__name": "Bolaget\x07AB"}),
    Wrong("invalid_value", "/details/protected_identity", {"details__protected_identity": "kanske"}),
    Wrong("invalid_value", NUMBER, {"details__identity__number": "5" * 41}),
    Wrong("name_too_long", "/details/name", {"details__name": "x" * 201}),
    Wrong("value_too_long", "/details/address/street", {"details__address__street": "x" * 201}),
    Wrong("value_too_long", "/external_ref", beside={"external_ref": "x" * 201}),
    Wrong("too_many_items", "/administrators", beside={"administrators": [{}] * 101}, but=NO_COLUMN),
    Wrong("invalid_postal_code", "/details/address/postal_code", {"details__address__postal_code": "1234"}),
    Wrong("identity_required", "/details/identity", {IDENTITY: ...}),
    Wrong("identity_required", NUMBER, {"details__identity__number": ""}),
    Wrong("identity_conflict", "/details/identity", {"details__identity__number_jwe": "a.b.c.d.e"}, but=NO_COLUMN),
    Wrong("identity_undecryptable", ENCRYPTED, {IDENTITY: {"kind": "sole_trader", "number_jwe": "a.b.c.d.e"}},
          but=NO_COLUMN),
    Wrong("invalid_org_number", NUMBER, {"details__identity__number": "551360-0790"}),
    Wrong("invalid_check_digit", NUMBER, {"details__identity__number": "556036-0794"}),
    Wrong("identity_is_personal", NUMBER, {"details__identity__number": "850709-9805"}),
    Wrong("responsible_person_required", "/details/identity/responsible_person",
          {IDENTITY: association() | {"responsible_person": None}}, sealed=True),
    Wrong("invalid_personal_number", NUMBER, person("701092-1232"), sealed=True),
    Wrong("invalid_check_digit", NUMBER, person("121272-1212"), sealed=True),
    Wrong("identity_date_in_future", NUMBER, person("261231-1239"), sealed=True),
    Wrong("identity_century_required", NUMBER, person("2612311239"), sealed=True),
    Wrong("identity_must_be_encrypted", NUMBER, person("811218-9876"), but=EVENT_ONLY),
    Wrong("personal_number_not_allowed", "/details/name", {"details__name": "Firma 811218-9876"}),
    Wrong("personal_number_not_allowed", "/external_ref", beside={"external_ref": "811218-9876"}),
    Wrong("licences_required", "/licences/counts", {"licences__counts": {}}),
    Wrong("licences_not_allowed", "/licences/counts", {"access__program_access": False}),
    Wrong("invalid_count", "/licences/counts/bookkeeping", {"licences__counts__bookkeeping": 10_000}),
    Wrong("unknown_program", "/licences/counts/hats", {"licences__counts": {"hats": 1}}),
    Wrong("invalid_email", "/licences/confirmation_email", {"licences__confirmation_email": "anna"}),
)  # fmt: skip


def misspelt() -> dict[str, Any]:
    """A content that is right, beside a field that is not known."""
    sent = number_of(fresh())
    sent["details"]["nmae"] = "x"
    return sent


def warned(answer: Mapping[str, Any]) -> Told:
    """The one warning of an answer."""
    (warning,) = answer["warnings"]
    return Told(warning["code"], frozenset({(warning["pointer"], warning["code"])}))


def number_of(number: int) -> dict[str, Any]:
    """A content that is right, with an organisation number of its own."""
    return content(details__identity__number=organisation(number))
