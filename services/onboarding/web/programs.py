"""The route of the programs: what a client can order, and the parts, levels and caps that a permission can name."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from chassis.callers import Who
from schemas.programs import PROGRAMS, PartGroup, Program
from schemas.values import Level

router = APIRouter(prefix="/v1", tags=["clients"])


class PartShown(BaseModel):
    """Something that a user can be permitted to do."""

    id: str
    name_sv: str
    name_en: str
    parent: str | None = Field(description="the part of the same program or group that must be held first")
    levels: list[Level] = Field(description="what can be given: `none` takes away")
    only_views: bool = Field(description="`on` lets look and not change: a licence with the cap `read` gives it")
    programs: list[str] = Field(description="whose licence opens the part, and whose administrators may set it")


class GroupShown(BaseModel):
    """Parts that several programs share. A permission names the group where it else names the program."""

    id: str
    name_sv: str
    name_en: str
    parts: list[PartShown]


class ProgramShown(GroupShown):
    """A program that licences are ordered of."""

    orderable: bool = Field(description="whether licences of it can be ordered")
    retired: bool = Field(description="what is held of it stays; nothing of it is given any more")
    cap: Level | None = Field(description="the highest level that its licence gives; null: any")
    covers: list[str] = Field(description="programs whose parts its licence opens too, up to `cap`")


class ProgramsShown(BaseModel):
    """All programs, and the groups of parts that they share."""

    items: list[ProgramShown]
    groups: list[GroupShown]
    next: None = None


def _parts(holder: PartGroup) -> list[PartShown]:
    return [PartShown.model_validate(each, from_attributes=True) for each in holder.parts.values()]


def _program(program: Program) -> ProgramShown:
    return ProgramShown(
        id=program.id,
        name_sv=program.name_sv,
        name_en=program.name_en,
        parts=_parts(program),
        orderable=program.orderable and not program.retired,
        retired=program.retired,
        cap=program.cap,
        covers=list(program.covers),
    )


def _group(group: PartGroup) -> GroupShown:
    return GroupShown(id=group.id, name_sv=group.name_sv, name_en=group.name_en, parts=_parts(group))


_SHOWN = ProgramsShown(
    items=[_program(each) for each in PROGRAMS.programs.values()],
    groups=[_group(each) for each in PROGRAMS.groups.values()],
).model_dump(mode="json")


@router.get(
    "/programs",
    summary="The programs that a client can have, with their parts and levels",
    response_model=ProgramsShown,
)
async def programs(who: Who) -> JSONResponse:  # noqa: ARG001  # any caller, but a caller
    return JSONResponse(_SHOWN)
