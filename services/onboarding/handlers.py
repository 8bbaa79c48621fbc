"""What is done for new clients, their changes, upstream requests, sources and agencies: load, decide, save."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from chassis.handling import Change, Handler
from chassis.unit_of_work import UnitOfWork
from schemas.envelope import Envelope
from schemas.onboarding import (
    OnboardingCancellationRequestedV1,
    OnboardingLicencesChangeRequestedV1,
    OnboardingRequestedV1,
)
from services.onboarding import vault
from services.onboarding.domain.agency import (
    PutAgency,
    PutConsultant,
    RemoveConsultant,
    put_agency,
    put_consultant,
)
from services.onboarding.domain.asking import Askable, AskCancellation, AskLicences, ask_cancellation, ask_licences
from services.onboarding.domain.changing import ChangeClient, Standing, change_client, confirmation
from services.onboarding.domain.client import Client, Target
from services.onboarding.domain.creation import (
    CreateClient,
    Creation,
    Neighbours,
    Wanted,
    create_client,
    line,
    swedish_date,
)
from services.onboarding.domain.instructions import uuid_or_none
from services.onboarding.domain.intake import (
    Intake,
    decide_cancellation,
    decide_licences_change,
    decide_onboarding,
)
from services.onboarding.domain.removal import remove_consultant
from services.onboarding.domain.sources import AddSource, ChangeSource, SetState, add_source, change_source, set_state
from services.onboarding.store import agencies, changes, clients, neighbours, on_file, questions, requests, sources
from services.onboarding.store.neighbours import Sought
from services.onboarding.store.on_file import Edit


class OrderMatters(Exception):  # named after the fact
    """A request is about a client that an earlier one of the same batch makes; apart they find each other."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """One request, and what load needs to find what it is about. `content` is a digest that stays in memory.

    It is of the content as it was opened: a sender that encrypts the same number afresh sends the same again.
    """

    topic: str
    source: str
    request_id: str
    content: bytes = field(repr=False)
    wanted: Wanted
    makes_client: bool
    client_id: UUID | None

    @classmethod
    def of(cls, topic: str, event: Envelope[Any]) -> "RequestKey":
        data = {name: getattr(event.data, name) for name in type(event.data).model_fields}  # and nothing unknown
        makes_client = isinstance(event.data, OnboardingRequestedV1)
        content = sha256(orjson.dumps([event.type, data], option=orjson.OPT_SORT_KEYS)).digest()
        agency = line(data.get("agency"))
        wanted = Wanted.of(data, agency, event.source)
        client_id = None if makes_client else uuid_or_none(data.get("client_id"))
        return cls(topic, event.source, event.id, content, wanted, makes_client, client_id)

    @property
    def reference(self) -> tuple[str, str] | None:
        """(source, external_ref) of the client that is asked about, where no id names it."""
        if self.makes_client or self.client_id is not None or self.wanted.external_ref is None:
            return None
        return self.source, self.wanted.external_ref


async def load_creations(uow: UnitOfWork, keys: Sequence[Wanted]) -> dict[Wanted, Creation]:
    """What is there beside each new client."""
    return {key: Creation(beside) for key, beside in (await _neighbours(uow, keys)).items()}


async def save_creations(uow: UnitOfWork, changes: Sequence[Change[Wanted, Creation]]) -> None:
    """Stores new clients."""
    await _add(uow, [change.after.client for change in changes if change.after.client is not None])


async def load_requests(uow: UnitOfWork, keys: Sequence[RequestKey]) -> dict[RequestKey, Intake]:
    """Sender, earlier answer, neighbours and target of each request."""
    senders = await requests.senders(uow, sorted({key.topic for key in keys}))
    earlier = await requests.load(uow, [(key.source, key.request_id) for key in keys])
    beside = await _neighbours(uow, [key.wanted for key in keys if key.makes_client])
    targets = await _targets(uow, keys)
    nothing = Neighbours(None, None, ())
    return {
        key: Intake(
            sender=senders[key.topic],
            digest=vault.opened().digest(key.content),
            agency_known=beside.get(key.wanted, nothing).agency_locale is not None,
            neighbours=beside.get(key.wanted, nothing),
            request=earlier.get((key.source, key.request_id)),
            target=targets.get(key.client_id or key.reference),
        )
        for key in keys
    }


async def save_requests(uow: UnitOfWork, changes: Sequence[Change[RequestKey, Intake]]) -> None:
    """Stores answers, new clients, and the versions of clients that something is asked of."""
    await _add(uow, [change.after.client for change in changes if change.after.client is not None])
    asked = [change for change in changes if change.before is not None and change.after.target != change.before.target]
    await clients.advance(uow, [change.after.target for change in asked if change.after.target is not None])
    answers = [
        Change(change.key, None if change.before is None else change.before.request, change.after.request)
        for change in changes
        if change.after.request is not None
    ]
    await requests.save(uow, answers)


async def _targets(uow: UnitOfWork, keys: Sequence[RequestKey]) -> dict[object, Target]:
    ids = [key.client_id for key in keys if key.client_id is not None]
    references = [key.reference for key in keys if key.reference is not None]
    found: dict[object, Target] = {}
    for target in await clients.targets(uow, ids, references):
        found[target.client_id] = target
        if target.source is not None and target.external_ref is not None:
            found[target.source, target.external_ref] = target
    made = {(key.source, key.wanted.external_ref) for key in keys if key.makes_client}
    if any(reference in made and reference not in found for reference in references):
        raise OrderMatters
    return found


async def _neighbours(uow: UnitOfWork, keys: Sequence[Wanted]) -> dict[Wanted, Neighbours]:
    today = swedish_date(uow.now)
    return await neighbours.load(uow, {key: _sought(key, today) for key in keys}) if keys else {}


def _sought(wanted: Wanted, today: date) -> Sought:
    number = wanted.identity_number(today)
    if number is None:
        return Sought(wanted, None, None)
    if number.kind == "organisation":
        return Sought(wanted, number.canonical, None)
    return Sought(wanted, None, vault.opened().index(number))


async def _add(uow: UnitOfWork, new: Sequence[Client]) -> None:
    personal = {client.client_id: client.identity.number for client in new if client.identity.kind != "organisation"}
    safe = vault.opened()
    indexes: Mapping[UUID, bytes] = {client_id: safe.index(number) for client_id, number in personal.items()}
    await clients.add(uow, new, indexes)
    await safe.keep(uow, personal)
    await changes.add(
        uow, [(each.client_id, 1, note, each.correlation_id) for each in new if (note := confirmation(each))]
    )


CREATIONS: Handler[Wanted, Creation] = Handler(
    load=load_creations,
    decide={CreateClient: create_client},
    save=save_creations,
)

CHANGES: Handler[Edit, Standing] = Handler(
    load=on_file.load,
    decide={ChangeClient: change_client},
    save=on_file.save,
)

QUESTIONS: Handler[UUID, Askable] = Handler(
    load=questions.load,
    decide={AskCancellation: ask_cancellation, AskLicences: ask_licences},
    save=questions.save,
)

AGENCIES = Handler(
    load=agencies.load,
    decide={PutAgency: put_agency, PutConsultant: put_consultant, RemoveConsultant: remove_consultant},
    save=agencies.save,
)

SOURCES = Handler(
    load=sources.load,
    decide={AddSource: add_source, ChangeSource: change_source, SetState: set_state},
    save=sources.save,
)


def requests_from(topic: str) -> Handler[RequestKey, Intake]:
    """What is done for the requests of one topic, which belongs to one source."""
    return Handler(
        load=load_requests,
        decide={
            OnboardingRequestedV1: decide_onboarding,
            OnboardingCancellationRequestedV1: decide_cancellation,
            OnboardingLicencesChangeRequestedV1: decide_licences_change,
        },
        save=save_requests,
        key=lambda event: RequestKey.of(topic, event),
    )
