"""A client, the people around it, a clock and every act there is, in any order: what must hold after each of them."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from schemas.errors import Refused
from schemas.programs import PROGRAMS
from services.activation.domain import administrators
from services.activation.domain.activation import Asked
from services.activation.domain.acts import Settle, decide
from services.activation.domain.client import Client
from services.activation.domain.consultants import HandOver, Link, Reassign, Release
from services.activation.domain.disconnecting import (
    ApproveDisconnection,
    RequestDisconnection,
    WithdrawDisconnection,
)
from services.activation.domain.inviting import Accept, Invite, Resend, Withdraw
from services.activation.domain.ordering import CancelReduction, Order, Reduce, SetProgramAccess
from services.activation.domain.rights import Actor
from services.activation.domain.saving import Save, Wish
from services.activation.domain.users import Edit, SetState
from tests.unit.activation.clients import (
    ANNA,
    ERIK,
    KARIN,
    RULES,
    STAFF,
    STRANGER,
    licence,
    managed,
    own,
    permission,
    program_administrator,
    system_administrator,
    user_id,
    with_user,
)
from tests.unit.activation.events import NOW
from tests.unit.activation.folding import Reader
from tests.unit.activation.must_hold import MustHold

NAMES = ("olle", "siv", "per", "eva", "ida")
PEOPLE = (KARIN, ERIK, ANNA, *map(own, NAMES), STRANGER)
PROGRAM_IDS = ("bookkeeping", "invoicing", "read_only", "payroll")
PARTS = (
    ("bookkeeping", "vouchers"),
    ("bookkeeping", "voucher_templates"),
    ("bookkeeping", "settings"),
    ("invoicing", "customer_invoices"),
    ("invoicing", "send_invoices"),
    ("payroll", "calendar"),
    ("registers", "articles"),
    ("registers", "price_updates"),
    ("reports", "struck_lines"),
    ("reports", "bookkeeping"),
)
LEVELS = ("none", "on", "read", "write")
KINDS: tuple[Any, ...] = (
    *["licence"] * 3,
    *["permission"] * 3,
    "program_administrator",
    "system_administrator",
)
STEPS = 50

done: Counter[str] = Counter()


def expected(kid: str, invitation_id: UUID, generation: int) -> str:
    return f"{kid}/{invitation_id}/{generation}"


class AnyWay(MustHold):
    """One client, the people around it, a clock, and every act there is."""

    @initialize(
        counts=st.fixed_dictionaries({each: st.integers(1, 4) for each in PROGRAM_IDS}),
        after_grace=st.sampled_from(["blocked", "release_newest"]),
        own_head=st.booleans(),
    )
    def begin(self, counts: dict[str, int], after_grace: Any, own_head: bool) -> None:
        self.client = with_user(
            managed(counts),
            "per",
            licence("per", "bookkeeping"),
            permission("per", "bookkeeping", "vouchers"),
            permission("per", "bookkeeping", "voucher_templates"),
        )
        self.client = with_user(self.client, "eva", licence("eva", "invoicing"), invited=True)
        if own_head:
            self.client = with_user(self.client, "olle", system_administrator("olle"))
            self.client = with_user(self.client, "siv", program_administrator("siv", "bookkeeping"))
        self.terms = replace(RULES, after_grace=after_grace)
        self.now: datetime = NOW
        self.reader = Reader(self.client)
        self.ids = 0

    # ---- acts -------------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def save(self, data: st.DataObject) -> None:
        for number in range(3):
            wishes = tuple(self._wish(data) for _ in range(data.draw(st.sampled_from([1, 1, 1, 2, 4]))))
            stale = number == 2 and data.draw(st.booleans())
            self._do(Save(self._actor(data), self.terms, self._settled().access_version - stale, wishes))

    @rule(data=st.data())
    def invite_and_accept(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(NAMES))
        key = self._id()
        wishes = tuple(replace(self._wish(data), user_id=key) for _ in range(data.draw(st.integers(0, 3))))
        email = f"{name}@exempelbolaget.se"
        self._do(Invite(self._actor(data), self.terms, key, self._id(), name.title(), email, "sv", wishes))
        if data.draw(st.booleans()):
            self.accept(data)

    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        every = sorted(self.client.invitations.values(), key=lambda each: each.invitation_id)
        if every:
            it = data.draw(st.sampled_from(every))
            generation = max(1, it.generation - (data.draw(st.integers(0, 5)) == 0))
            actor = own(data.draw(st.sampled_from(NAMES)))
            self._do(
                Accept(actor, self.terms, it.invitation_id, expected(it.kid, it.invitation_id, generation), expected)
            )

    @rule(data=st.data(), which=st.sampled_from([Resend, Withdraw]))
    def resend_or_withdraw(self, data: st.DataObject, which: Any) -> None:
        self._do(which(self._actor(data), self.terms, self._user(data)))

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        email = data.draw(st.sampled_from([None, *(f"{name}@exempelbolaget.se" for name in NAMES)]))
        name = data.draw(st.sampled_from([None, "Nytt Namn"]))
        self._do(Edit(self._actor(data), self.terms, self._user(data), name, email))

    @rule(data=st.data(), state=st.sampled_from(["active", "disabled", "removed"]))
    def set_state(self, data: st.DataObject, state: Any) -> None:
        self._do(SetState(self._actor(data), self.terms, self._user(data), state))

    @rule(data=st.data(), program=st.sampled_from(PROGRAM_IDS), more=st.integers(0, 2))
    def order(self, data: st.DataObject, program: str, more: int) -> None:
        self._do(Order(self._actor(data), self.terms, {program: more}))

    @rule(data=st.data(), program=st.sampled_from(PROGRAM_IDS), count=st.integers(0, 2), later=st.booleans())
    def reduce(self, data: st.DataObject, program: str, count: int, later: bool) -> None:
        day = self.now + timedelta(days=data.draw(st.integers(1, 20))) if later else None
        holders = [cell.user_id for cell in self.client.grants if cell.kind == "licence" and cell.program == program]
        gone = tuple(data.draw(st.lists(st.sampled_from(holders), unique=True))) if holders else ()
        self._do(Reduce(self._actor(data), self.terms, self._id(), program, count, "ended", day, gone))

    @rule(data=st.data())
    def cancel_reduction(self, data: st.DataObject) -> None:
        if self.client.reductions:
            key = data.draw(st.sampled_from(sorted(self.client.reductions)))
            self._do(CancelReduction(self._actor(data), self.terms, key))

    @rule(data=st.data(), rare=st.integers(0, 5))
    def program_access(self, data: st.DataObject, rare: int) -> None:
        wanted = not self.client.activation.program_access or rare != 0
        self._do(SetProgramAccess(self._actor(data), self.terms, wanted))

    @rule(program=st.sampled_from(PROGRAM_IDS), count=st.integers(0, 3), source=st.booleans(), later=st.booleans())
    def ask(self, program: str, count: int, source: bool, later: bool) -> None:
        day = self.now + timedelta(days=3) if later else None
        self.client = replace(
            self.client, asked=(Asked(self._id(), source, "someone", {program: count}, day, "ended"),)
        )
        self._do(Settle(self.terms))

    @rule(data=st.data(), subs=st.sets(st.sampled_from(sorted(STAFF))))
    def link(self, data: st.DataObject, subs: set[str]) -> None:
        self._do(Link(self._actor(data), self.terms, tuple(sorted(subs))))

    @rule(data=st.data(), sub=st.sampled_from([None, *STAFF]))
    def reassign(self, data: st.DataObject, sub: str | None) -> None:
        self._do(Reassign(self._actor(data), self.terms, sub))

    @rule(data=st.data(), leaver=st.sampled_from(sorted(STAFF)), heir=st.sampled_from(sorted(STAFF)))
    def hand_over(self, data: st.DataObject, leaver: str, heir: str) -> None:
        self._do(HandOver(self._actor(data), self.terms, self._id(), leaver, heir))

    @rule(sub=st.sampled_from(sorted(STAFF)))
    def release(self, sub: str) -> None:
        self._do(Release(ANNA, self.terms, sub))

    @rule(data=st.data(), which=st.sampled_from(["request", "approve", "withdraw"]), rare=st.integers(0, 3))
    def disconnect(self, data: st.DataObject, which: str, rare: int) -> None:
        actor = data.draw(st.sampled_from([own("olle"), KARIN, self._actor(data)]))
        if which == "request":
            self._do(RequestDisconnection(actor, self.terms, self._id()))
            if rare == 0:
                self._do(ApproveDisconnection(own("olle"), self.terms))
        elif which == "withdraw":
            self._do(WithdrawDisconnection(actor, self.terms))
        elif rare < 2:
            self._do(ApproveDisconnection(actor, self.terms))

    @rule(hours=st.sampled_from([1, 30, 24 * 8]))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self._do(Settle(self.terms))

    # ---- how it is done ---------------------------------------------------------------------------------------

    def _do(self, act: Any) -> None:
        name = type(act).__name__
        done["steps"] += 1
        before = self._settled()
        try:
            decision = decide(self.client, act, self.now)
        except Refused as refusal:
            done[refusal.code] += 1
            return
        done[name] += 1
        if not isinstance(act, Settle):
            self.no_right_was_made_up(before, decision.state, act)
        self.client = decision.state
        self.reader.hear(decision.says)

    def _settled(self) -> Client:
        return decide(self.client, Settle(self.terms), self.now).state

    def _actor(self, data: st.DataObject) -> Actor:
        heads = {each.sub for each in administrators.administrators(self.client)}
        within = {each.sub for each in self.client.users.values()}
        ruling = {
            self.client.users[cell.user_id].sub for cell in self.client.grants if cell.kind == "program_administrator"
        }
        likely = [each for subs in (heads, heads, ruling, within) for each in PEOPLE if each.sub in subs]
        return data.draw(st.sampled_from([*(likely * 8), *PEOPLE]))

    def _user(self, data: st.DataObject) -> UUID:
        there = sorted(key for key, each in self.client.users.items() if each.state != "removed")
        return data.draw(st.sampled_from([*there, *there, *there, *self.client.users, user_id("nobody")]))

    def _wish(self, data: st.DataObject) -> Wish:
        there = [cell for cell in self.client.grants if cell.kind in ("licence", "permission")]
        if there and data.draw(st.integers(0, 3)) == 0:
            cell = data.draw(st.sampled_from(there))
            return Wish(cell.user_id, cell.kind, "none", cell.program, cell.part)
        who, kind = self._user(data), data.draw(st.sampled_from(KINDS))
        program, part = "", ""
        levels: tuple[Any, ...] = ("on", "on", "none")
        if kind == "permission":
            held = {cell.program for cell in self.client.grants if cell.user_id == who and cell.kind == "licence"}
            likely = [each for each in PARTS if each[0] in held or each[0] not in PROGRAMS.programs]
            program, part = data.draw(st.sampled_from([*likely, *likely, *PARTS]))
            found = PROGRAMS.part(program, part)
            assert found is not None
            levels = (*found.levels, *found.levels[1:], *LEVELS)
        elif kind != "system_administrator":
            program = data.draw(st.sampled_from(PROGRAM_IDS))
        level = data.draw(st.sampled_from(levels))
        until = self.now + timedelta(hours=20) if level != "none" and data.draw(st.integers(0, 5)) == 0 else None
        return Wish(who, kind, level, program, part, until)

    def _id(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)


def run(examples: int, **options: Any) -> None:
    how = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        derandomize=True,  # the same acts in each run; those who look for others take this out
        suppress_health_check=list(HealthCheck),
        **options,
    )
    run_state_machine_as_test(AnyWay, settings=how)
