"""The programs a client can have, as data (programs.json): parts, parents, levels, caps and the two shared groups."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.values import Level


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a user can be permitted to do.

    `levels` is none and on, or none, read and write. `only_views`: on lets the user look, not change, so that a
    licence capped at read may give it. `programs`: whose licence opens the part, and whose administrators set it;
    for a program's own part that program alone, for a shared part any of them.
    """

    id: str
    name_sv: str
    name_en: str
    levels: tuple[Level, ...]
    programs: tuple[str, ...]
    parent: str | None = None
    only_views: bool = False

    def allows(self, level: Level, cap: Level | None) -> bool:
        """Whether a licence with this cap (None: no cap) may give this level."""
        if cap is None or level == "none":
            return True
        return level == "read" or (level == "on" and self.only_views)


@dataclass(frozen=True, slots=True)
class PartGroup:
    """What holds parts: a program, or a group shared by several (Register/Övrigt, Rapporter)."""

    id: str
    name_sv: str
    name_en: str
    parts: Mapping[str, Part]

    def children_of(self, part: str) -> tuple[Part, ...]:
        return tuple(each for each in self.parts.values() if each.parent == part)


@dataclass(frozen=True, slots=True)
class Program(PartGroup):
    """A product with licences. One with `cap` gives the parts of the programs it `covers`, at most at that level."""

    orderable: bool = True
    retired: bool = False
    cap: Level | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Programs:
    """All programs and shared groups. A permission names a program or group, and a part in it."""

    programs: Mapping[str, Program]
    groups: Mapping[str, PartGroup]

    @cached_property
    def holders(self) -> Mapping[str, PartGroup]:
        """Programs and groups alike, by the id that a permission names."""
        return {**self.programs, **self.groups}

    def part(self, holder: str, part: str) -> Part | None:
        """A part of a program or group; None where there is no such thing."""
        found = self.holders.get(holder)
        return None if found is None else found.parts.get(part)

    def licences_for(self, part: Part) -> Mapping[str, Level | None]:
        """The programs any of whose licences opens the part → the cap of that licence (None: no cap)."""
        return self._openings[id(part)]

    @cached_property
    def _openings(self) -> Mapping[int, Mapping[str, Level | None]]:
        """By the part itself: a Save asks for thousands."""
        parts = [part for holder in self.holders.values() for part in holder.parts.values()]
        return {id(part): self._opening(part) for part in parts}

    def _opening(self, part: Part) -> Mapping[str, Level | None]:
        own: dict[str, Level | None] = {program: self.programs[program].cap for program in part.programs}
        for program in self.programs.values():
            if any(covered in part.programs for covered in program.covers):
                own.setdefault(program.id, program.cap)
        return own


def load(document: Mapping[str, Any]) -> Programs:
    """Programs from a document of programs.json's form."""
    programs = {
        row["id"]: Program(
            row["id"],
            row["name_sv"],
            row["name_en"],
            _parts(row),
            orderable=row.get("orderable", True),
            retired=row.get("retired", False),
            cap=row.get("cap"),
            covers=tuple(row.get("covers", ())),
        )
        for row in document["programs"]
    }
    shared = document["groups"]
    groups = {row["id"]: PartGroup(row["id"], row["name_sv"], row["name_en"], _parts(row)) for row in shared}
    return Programs(programs, groups)


def _parts(holder: Mapping[str, Any]) -> dict[str, Part]:
    return {
        row["id"]: Part(
            row["id"],
            row["name_sv"],
            row["name_en"],
            tuple(row["levels"]),
            tuple(row.get("programs", (holder["id"],))),
            row.get("parent"),
            row.get("only_views", False),
        )
        for row in holder["parts"]
    }


PROGRAMS = load(json.loads(Path(__file__).with_name("programs.json").read_text(encoding="utf-8")))
"""The programs that Aktivera knows."""
