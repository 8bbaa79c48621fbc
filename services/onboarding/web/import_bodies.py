"""What the routes of imports give."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

from schemas.errors import Pointed
from services.onboarding.domain.importing import Import, ImportStatus, RowStatus
from services.onboarding.web.remarks import Remark, remark
from services.onboarding.web.shapes import By


class Progress(BaseModel):
    """How many rows: in the file, done, and of those what became of them."""

    total: int
    done: int
    created: int
    valid: int
    known: int
    refused: int


class ShownImport(BaseModel):
    """A file of new clients, and how far it has come."""

    import_id: UUID
    agency: str
    dry_run: bool
    status: ImportStatus
    rows: Progress
    created_by: By
    created_at: datetime
    finished_at: datetime | None


class ImportPage(BaseModel):
    """A page of imports; `next` is the cursor of the following one."""

    items: list[ShownImport]
    next: str | None


class CellRemark(Remark):
    """Something to look at in a row; `column` is the one that the pointer stands for."""

    column: str


class ShownRow(BaseModel):
    """What became of a row. `row` counts from 1 behind the header, `line` is the line of the file.

    `identity` is the number as it may be shown; `same_row` is the row of the same file that it is a double of.
    """

    row: int
    line: int
    status: RowStatus
    identity: str | None
    client_id: UUID | None
    same_row: int | None
    code: str | None
    errors: list[CellRemark]
    warnings: list[CellRemark]


class RowPage(BaseModel):
    """A page of rows; `next` is the cursor of the following one."""

    items: list[ShownRow]
    next: str | None


def shown_import(file: Import) -> ShownImport:
    return ShownImport(
        import_id=file.import_id,
        agency=file.agency,
        dry_run=file.dry_run,
        status=file.status,
        rows=Progress(**file.rows),
        created_by=By(**file.created_by.model_dump()),
        created_at=file.created_at,
        finished_at=file.finished_at,
    )


def shown_row(row: Any, file: Import) -> ShownRow:
    """A dry run's clients are none, so that their ids are not shown."""
    is_trial = file.dry_run and (row["status"] == "valid" or row["same_row"] is not None)
    return ShownRow(
        row=row["number"],
        line=row["line"],
        status=row["status"],
        identity=row["identity_mask"],
        client_id=None if is_trial else row["client_id"],
        same_row=row["same_row"],
        code=row["code"],
        errors=_remarks(row["errors"]),
        warnings=_remarks(row["warnings"]),
    )


def _remarks(stored: str | None) -> list[CellRemark]:
    return [
        _cell(Pointed(each["pointer"], each["code"], choices=tuple(each.get("choices", ()))))
        for each in orjson.loads(stored or "[]")
    ]


def _cell(what: Pointed) -> CellRemark:
    column = what.pointer.lstrip("/").replace("/", ".")
    return CellRemark(**remark(what).model_dump(), column=column)
