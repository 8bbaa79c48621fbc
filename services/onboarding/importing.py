"""What is done for files of new clients: stored sealed, then worked off in batches, each row in one transaction."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
import structlog

from chassis.handling import Change
from chassis.ids import uuid7
from chassis.seal import Seal
from chassis.unit_of_work import Cause, UnitOfWork
from schemas.values import Person
from services.onboarding import look_ups, vault
from services.onboarding.domain import unknown_fields
from services.onboarding.domain.agency import AgencyUnknown
from services.onboarding.domain.client import Client, created
from services.onboarding.domain.creation import ClientExistsElsewhere, Creation, Wanted, refuse_disclosure, swedish_date
from services.onboarding.domain.csv_files import Row, decoded, read_file
from services.onboarding.domain.drafts import Warned
from services.onboarding.domain.importing import (
    MOST_RUNNING,
    Doubles,
    Earlier,
    FileChanged,
    Import,
    Result,
    TooManyImports,
    decide_row,
    key_of,
)
from services.onboarding.domain.look_ups import TooManyLookUps
from services.onboarding.handlers import load_creations, save_creations
from services.onboarding.store import agencies, imports
from services.onboarding.store.imports import RACES, Settled

log = structlog.get_logger(__name__)

AT_ONCE = 250
TRIES = 4
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read: its rows sealed by a key of its own, which the vault has sealed."""

    import_id: UUID
    digest: bytes
    key: tuple[str, bytes, bytes]
    rows: Sequence[tuple[int, int, bytes]]


def read(data: bytes, charset: str | None) -> File:
    """Reads and seals a file; takes a while, so it is done beside the loop. Raises FileUnreadable, FileTooLarge."""
    rows, safe, import_id = read_file(data, charset), vault.opened(), uuid7()
    key = os.urandom(KEY_BYTES)
    seal = Seal(key)
    sealed = [(row.number, row.line, seal.close(_packed(row), _place(import_id, row.number))) for row in rows]
    said = safe.digest(decoded(data, charset).encode())  # the text: the same bytes may be read as another
    return File(import_id, said, safe.seal(import_id, key), sealed)


async def start(
    uow: UnitOfWork, agency: str, who: Person, file: File, *, dry_run: bool, why: Cause
) -> tuple[Import, bool]:
    """Takes a file in: (the import, whether it is new). Raises AgencyUnknown, NumberDisclosed, TooManyImports."""
    refuse_disclosure(who)
    if not await agencies.locales(uow, [agency]):
        raise AgencyUnknown
    await imports.alone(uow, agency)
    there = await imports.same(uow, agency, file.digest, dry_run=dry_run)
    if there is not None:
        if not there.is_sent_by(who.sub):
            await imports.note_sender(uow, there.import_id, who.sub)
        return there, False
    if await imports.count_running(uow, agency) >= MOST_RUNNING:
        raise TooManyImports
    total = {"total": len(file.rows), "done": 0, "created": 0, "valid": 0, "known": 0, "refused": 0}
    new = Import(file.import_id, agency, who, dry_run, "running", why.correlation_id, uow.now, None, total)
    await imports.add(uow, new, file.digest, file.key, file.rows)
    return new, True


async def must_be_tried(uow: UnitOfWork, trial: Import, file: File) -> None:
    """Raises FileChanged unless the trial was of this very file."""
    if await imports.digest_of(uow, trial.import_id) != file.digest:
        raise FileChanged


async def work_off(uow: UnitOfWork) -> int:
    """Does the next rows of the import whose turn it is, or ends it, and answers how many; 0 where none is under way.

    What becomes of a row is stored with its client and its event, so that a row is done once whatever ends the process.
    One that cannot be opened or done is tried again later, and holds up nobody else's.
    """
    found = await imports.next_running(uow)
    if found is None:
        return 0
    file, row = found
    try:
        async with uow.savepoint():
            done = await _next_rows(uow, file, row)
    except Exception as error:
        failures = await imports.pass_over(uow, file.import_id)  # raises too where the database is what failed
        shown = {"import_id": str(file.import_id), "error": type(error).__name__, "failures": failures}
        log.error("import failed; passed over for a while", **shown)
        return 1
    await asyncio.sleep(0)
    return done


async def _next_rows(uow: UnitOfWork, file: Import, row: Any) -> int:
    seal = Seal(vault.opened().unseal(file.import_id, row["master_key_id"], row["wrapped_key"], row["sealed"]))
    batch = await imports.pending(uow, file.import_id, AT_ONCE)
    if not batch:
        await imports.finish(uow, file.import_id)
        log.info("import done", import_id=str(file.import_id), dry_run=file.dry_run, **file.rows)
        return 1
    rows = [_unpacked(each, seal, file.import_id) for each in batch]
    for attempt in range(1, TRIES + 1):
        try:
            async with uow.savepoint():
                await _do(uow, file, rows)
            break
        except RACES:
            if attempt == TRIES:
                raise
            log.info("a race was lost; decided anew", attempt=attempt)
    return len(rows)


async def _do(uow: UnitOfWork, file: Import, rows: Sequence[Row]) -> None:
    wanted = {row.number: Wanted.of(row.content, file.agency, None) for row in rows}
    beside = await load_creations(uow, list(set(wanted.values())))
    keys = {row.number: _keys(file, row, wanted[row.number], uow) for row in rows}
    twins = [twin for twin, _, _ in keys.values() if twin is not None]
    references = [reference for _, reference, _ in keys.values() if reference is not None]
    before = await imports.earlier(uow, file.import_id, twins, references)
    telling = await look_ups.telling(uow, file.agency, file.created_by.sub, list(wanted.values()))
    settled: list[Settled] = []
    changes: list[Change[Wanted, Creation]] = []
    for row in rows:
        twin, reference, mask = keys[row.number]
        state = beside[wanted[row.number]]
        result, client = _decide(uow, file, row, state, Doubles(_of(before, twin), _of(before, reference)))
        is_elsewhere = result.code == ClientExistsElsewhere.code
        if is_elsewhere or (file.dry_run and client is not None):
            number = look_ups.digest(uow, wanted[row.number])
            if not telling.may_tell(number, is_elsewhere=is_elsewhere):
                result, client = Result("refused", TooManyLookUps.code), None
        settled.append(Settled(row.number, result, twin, reference, mask))
        if client is None:
            continue
        for key in (twin, reference):
            if key is not None:
                before.setdefault(key, Earlier(row.number, client.client_id))
        if not file.dry_run:
            changes.append(Change(wanted[row.number], state, replace(state, client=client)))
    await look_ups.note(uow, file.agency, file.created_by.sub, telling)
    await save_creations(uow, changes)
    await imports.settle(uow, file.import_id, settled)


def _decide(uow: UnitOfWork, file: Import, row: Row, state: Creation, doubles: Doubles) -> tuple[Result, Client | None]:
    """One row; what no rule has foreseen is told of that row, and holds up no other."""
    correlation_id = f"{file.import_id}/{row.number}"
    try:
        result, client = decide_row(
            row.content,
            fits=row.fits,
            beside=state,
            doubles=doubles,
            file=file,
            client_id=uuid7(),
            correlation_id=correlation_id,
            now=uow.now,
        )
        if client is not None and not file.dry_run:
            uow.publish(created(client), Cause(correlation_id))
    except Exception as error:
        log.error("row could not be decided", import_id=str(file.import_id), row=row.number, error=type(error).__name__)
        return Result("refused", "internal_error"), None
    unknown = tuple(Warned(place, unknown_fields.CODE) for place in row.unknown)
    return replace(result, warnings=(*result.warnings, *unknown)), client


def _keys(file: Import, row: Row, wanted: Wanted, uow: UnitOfWork) -> tuple[bytes | None, bytes | None, str | None]:
    """What finds the row's doubles in its file, by number and by reference; and its number as it may be shown."""
    safe = vault.opened()
    reference = None
    if wanted.external_ref is not None:
        reference = safe.digest(b"\x00".join((file.import_id.bytes, b"reference", wanted.external_ref.encode())))
    number = wanted.identity_number(swedish_date(uow.now))
    if number is None or wanted.kind is None:
        return None, reference, None
    apart = key_of(row.content["details"].get("name")) if wanted.kind == "association_without_orgnr" else ""
    said = (file.import_id.bytes, wanted.kind.encode(), number.canonical.encode(), apart.encode())
    return safe.digest(b"\x00".join(said)), reference, number.masked


def _of(before: Mapping[bytes, Earlier], key: bytes | None) -> Earlier | None:
    return None if key is None else before.get(key)


def _place(import_id: UUID, number: int) -> bytes:
    return import_id.bytes + number.to_bytes(4)


def _packed(row: Row) -> bytes:
    return orjson.dumps([row.line, row.fits, row.content, row.unknown])


def _unpacked(stored: Any, seal: Seal, import_id: UUID) -> Row:
    plain = orjson.loads(seal.open(stored["sealed"], _place(import_id, stored["number"])))
    return Row(stored["number"], plain[0], plain[2], plain[1], tuple(plain[3]) if len(plain) > 3 else ())
