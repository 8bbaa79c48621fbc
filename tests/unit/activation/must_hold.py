"""What must hold of a client after every act, and who may have given or taken what: in words of their own."""

from datetime import datetime
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from schemas.programs import PROGRAMS
from services.activation.domain import counting
from services.activation.domain.client import Cell, Client
from services.activation.domain.consultants import HandOver, Link, Release
from services.activation.domain.inviting import Invite, Withdraw
from services.activation.domain.rights import Actor
from services.activation.domain.saving import Save
from tests.unit.activation.folding import Reader, seen


class MustHold(RuleBasedStateMachine):
    """The client as it is, the moment, and a reader of its events."""

    client: Client
    now: datetime
    reader: Reader

    @invariant()
    def no_more_is_used_than_bought_unless_a_source_took_some_away(self) -> None:
        for program, counted in counting.usage(self.client.licences, self.client.users, self.client.grants).items():
            licence = self.client.licences.get(program)
            if licence is None or licence.grace_until is None:
                assert counted.used <= counted.purchased, program

    @invariant()
    def every_permission_stands(self) -> None:
        for cell, held in self.client.grants.items():
            mine = {each for each in self.client.grants if each.user_id == cell.user_id}
            if cell.kind == "permission":
                part = PROGRAMS.part(cell.program, cell.part)
                assert part is not None
                assert part.parent is None or Cell(cell.user_id, "permission", cell.program, part.parent) in mine
                if self.client.users[cell.user_id].kind == "client":
                    caps = [
                        cap
                        for program, cap in PROGRAMS.licences_for(part).items()
                        if Cell(cell.user_id, "licence", program) in mine
                    ]
                    assert any(part.allows(held.level, cap) for cap in caps), cell

    @invariant()
    def somebody_who_has_logged_in_is_system_administrator(self) -> None:
        if self.client.activation.status == "disconnected":
            own_people = {key for key, each in self.client.users.items() if each.kind == "client"}
        else:
            own_people = set(self.client.users)
        assert [
            key
            for key in own_people
            if self.client.users[key].state == "active"
            and self.client.users[key].logged_in_at is not None
            and Cell(key, "system_administrator") in self.client.grants
        ]

    @invariant()
    def whoever_is_not_active_or_invited_holds_nothing(self) -> None:
        holders = {self.client.users[cell.user_id].state for cell in self.client.grants}
        assert holders <= {"active", "invited"}

    @invariant()
    def nothing_is_held_whose_time_is_over(self) -> None:
        assert all(each.until is None or each.until > self.now for each in self.client.grants.values())

    @invariant()
    def the_events_tell_all(self) -> None:
        assert self.reader.known == seen(self.client)

    def no_right_was_made_up(self, before: Client, after: Client, act: Any) -> None:
        """§7.5 once more, in other words: who gained or lost what, and whether the actor could give or take it."""
        given = {cell for cell, held in after.grants.items() if before.grants.get(cell) != held}
        taken = {cell for cell in before.grants if cell not in after.grants}
        if not given and not taken:
            return
        actor: Actor = act.actor
        mine = next(
            (key for key, each in before.users.items() if each.sub == actor.sub and each.state == "active"), None
        )
        roles = {(cell.kind, cell.program) for cell in before.grants if cell.user_id == mine}
        if ("system_administrator", "") in roles or isinstance(act, Release):
            return
        if isinstance(act, HandOver | Link):
            assert actor.is_agency_admin or actor.sub == getattr(act, "from_sub", None)
            return
        assert isinstance(act, Save | Invite | Withdraw), act
        ruled = {program for kind, program in roles if kind == "program_administrator"}
        assert ruled
        for cell in given:
            assert cell.kind in ("licence", "permission")
            shared = PROGRAMS.part(cell.program, cell.part) if cell.kind == "permission" else None
            assert ruled & set(shared.programs if shared else [cell.program]), cell
