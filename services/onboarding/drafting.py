"""What is done for drafts: load and open, decide, seal and save; what is shown of one; and its submission."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.commands import execute
from chassis.handling import Change, Handler
from chassis.ids import uuid7
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.values import Person
from services.onboarding import look_ups, vault
from services.onboarding.domain.client import Client
from services.onboarding.domain.creation import ClientExistsElsewhere, CreateClient, Neighbours, Wanted, swedish_date
from services.onboarding.domain.draft_content import Content, Inspection, inspect, request_of
from services.onboarding.domain.drafts import (
    MOST_OPEN,
    NUMBER,
    Draft,
    DraftUnknown,
    PutStep,
    StartDraft,
    TooManyDrafts,
    Warned,
    living,
    must_be_seen,
    put_step,
    start_draft,
    submitted,
    warnings,
)
from services.onboarding.domain.look_ups import TooManyLookUps
from services.onboarding.domain.unknown_fields import unknown_of_a_person
from services.onboarding.handlers import CREATIONS, load_creations
from services.onboarding.store import drafts
from services.onboarding.store.drafts import Sealed

ENDED: Sealed = (None, None, None)
NOBODY = Neighbours(None, None, ())


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: sees their own drafts, and an agency's administrator those of the agency."""

    agency: str
    sub: str
    agency_admin: bool

    def sees(self, draft: Draft | None) -> Draft:
        """Raises DraftUnknown."""
        if draft is None or not draft.visible_to(self.agency, self.sub, agency_admin=self.agency_admin):
            raise DraftUnknown
        return draft


@dataclass(frozen=True, slots=True)
class Looked:
    """A draft with what the rule book says to it now."""

    draft: Draft
    inspection: Inspection | None
    warnings: Sequence[Warned]


@dataclass(frozen=True, slots=True)
class Submission:
    """Who submits, which version they saw, and what they say beside the draft; `asked` tells whom it is about."""

    by: Person
    seen: int | None
    more: Content
    asked: look_ups.LookUp


async def load(uow: UnitOfWork, keys: Sequence[UUID]) -> dict[UUID, Draft]:
    """The drafts that exist, locked and opened."""
    return {row["draft_id"]: opened(row) for row in await drafts.lock(uow, keys)}


async def save(uow: UnitOfWork, changes: Sequence[Change[UUID, Draft]]) -> None:
    """Stores drafts, each sealed with a new key of its own."""
    await drafts.save(uow, [(change, _sealed(change.after)) for change in changes])


DRAFTS: Handler[UUID, Draft] = Handler(
    load=load,
    decide={StartDraft: start_draft, PutStep: put_step},
    save=save,
)


async def start(uow: UnitOfWork, viewer: Viewer, who: Person, body: Content, why: Cause) -> UUID:
    """Begins a draft and answers its id. Raises TooManyDrafts and what `start_draft` raises."""
    if await drafts.count_open(uow, viewer.agency, viewer.sub) >= MOST_OPEN:
        raise TooManyDrafts(most=MOST_OPEN)
    draft_id = uuid7()
    await execute(uow, DRAFTS, draft_id, StartDraft(draft_id, viewer.agency, who, body), why)
    return draft_id


async def put(uow: UnitOfWork, viewer: Viewer, draft_id: UUID, command: PutStep, why: Cause) -> Looked:
    """Stores one step. Raises DraftUnknown and what `put_step` raises."""
    viewer.sees((await load(uow, [draft_id])).get(draft_id))
    changed = await execute(uow, DRAFTS, draft_id, command, why)
    return await look(uow, viewer, changed.after, command.body)


async def find(uow: UnitOfWork, viewer: Viewer, draft_id: UUID, sent: Content | None = None) -> Looked:
    """One draft as it is; of what was `sent` to begin it, what was passed over is told. Raises DraftUnknown."""
    row = await drafts.read(uow, draft_id)
    return await look(uow, viewer, viewer.sees(None if row is None else opened(row)), sent)


async def remove(uow: UnitOfWork, viewer: Viewer, draft_id: UUID, seen: int | None) -> None:
    """Throws a draft away. Raises DraftUnknown, DraftIsStale, DraftIsSubmitted, DraftIsExpired."""
    draft = living(viewer.sees((await load(uow, [draft_id])).get(draft_id)), uow.now)
    must_be_seen(draft, seen)
    await drafts.delete(uow, draft_id)


async def submit(
    uow: UnitOfWork, viewer: Viewer, draft_id: UUID, sent: Submission, why: Cause
) -> tuple[Client | None, UUID]:
    """Makes the draft a client in one transaction with the draft's end, by the decision that POST /v1/clients takes.

    Answers the client, None where an earlier submission made it; and its id. Raises DraftUnknown, DraftIsExpired,
    DraftIsStale, ContentInvalid, and the refusals of duplicates.
    """
    draft = viewer.sees((await load(uow, [draft_id])).get(draft_id))
    if draft.client_id is not None:
        return None, draft.client_id
    living(draft, uow.now)
    must_be_seen(draft, sent.seen)
    content = request_of({**draft.content, **sent.more})
    command = CreateClient(uuid7(), draft.agency, content, sent.by, why.correlation_id, origin="wizard")
    sent.asked.wanted = wanted = Wanted.of(content, draft.agency, None)
    change = await execute(uow, CREATIONS, wanted, command, why)
    client = change.after.client
    assert client is not None
    await save(uow, [Change(draft_id, draft, submitted(draft, client.client_id, uow.now))])
    return client, client.client_id


async def look(uow: UnitOfWork, viewer: Viewer, draft: Draft, sent: Content | None = None) -> Looked:
    """What the rule book says to a draft, and which clients it may be, unless the viewer has asked for too many.

    Of what was just `sent`, what a draft does not keep is told too.
    """
    if draft.standing(uow.now) != "draft":
        return Looked(draft, None, ())
    today = swedish_date(uow.now)
    wanted = Wanted.of(draft.content, draft.agency, None)
    if wanted.identity_number(today) is not None and await look_ups.exhausted(uow, viewer.agency, viewer.sub):
        found = [*warnings(draft.content, draft.agency, NOBODY, today), Warned(NUMBER, TooManyLookUps.code)]
    else:
        beside = (await load_creations(uow, [wanted]))[wanted].neighbours
        found = warnings(draft.content, draft.agency, beside, today)
    if any(each.code == ClientExistsElsewhere.code for each in found):
        await look_ups.must_be_told(uow, viewer.agency, viewer.sub, wanted)
    passed_over = unknown_of_a_person({**(sent or {}), **request_of(draft.content)})
    found += [Warned(each.pointer, each.code) for each in passed_over]
    return Looked(draft, inspect(draft.content, today), found)


def opened(row: Any) -> Draft:
    """A draft with its content. Raises cryptography.exceptions.InvalidTag for a foreign key."""
    if row["sealed"] is None:
        return drafts.draft_of(row, {})
    plain = vault.opened().unseal(row["draft_id"], row["master_key_id"], row["wrapped_key"], row["sealed"])
    return drafts.draft_of(row, json.loads(plain))


def _sealed(draft: Draft) -> Sealed:
    if draft.status != "draft":
        return ENDED
    return vault.opened().seal(draft.draft_id, json.dumps(draft.content).encode())
