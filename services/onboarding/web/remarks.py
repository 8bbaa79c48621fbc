"""Errors and warnings that come with an answer instead of refusing: each with its place and both texts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from schemas.errors import Pointed, problem
from services.onboarding.domain.drafts import Warned


class Remark(BaseModel):
    """Something to look at: its place, what it is, and what to do about it."""

    pointer: str
    code: str
    detail_sv: str
    detail_en: str
    client_id: UUID | None = None


def remark(what: Pointed, client_id: UUID | None = None) -> Remark:
    """One remark with its texts."""
    (said,) = problem(what.code, [what])["errors"]
    return Remark(**said, client_id=client_id)


def remarks(warned: Sequence[Warned]) -> list[Remark]:
    """Several, as they were found."""
    return [remark(Pointed(each.pointer, each.code), each.client_id) for each in warned]


def remarked(passed_over: Sequence[Pointed]) -> list[Remark]:
    """The fields of a body that nobody read."""
    return [remark(each) for each in passed_over]


def warnings(passed_over: Sequence[Pointed]) -> dict[str, Any]:
    """The same as they stand in an answer; where there are none, nothing of them."""
    return {"warnings": [each.model_dump(mode="json") for each in remarked(passed_over)]} if passed_over else {}
