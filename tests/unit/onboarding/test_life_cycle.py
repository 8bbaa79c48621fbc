"""The life of a client, any way that people and activation may take it: along the table, and nothing said twice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from schemas.activation import ActivationCancellationRefusedV1, ActivationCancelledV1
from schemas.client import ClientStatus
from schemas.disconnection import (
    DisconnectionApprovedV1,
    DisconnectionExpiredV1,
    DisconnectionRequestedV1,
    DisconnectionWithdrawnV1,
)
from schemas.envelope import Decision, EventData
from schemas.errors import Refused
from schemas.licences import LicencesChangedV1, LicencesChangeRefusedV1
from services.onboarding.domain.asking import (
    Askable,
    AskCancellation,
    AskLicences,
    Question,
    ask_cancellation,
    ask_licences,
)
from services.onboarding.domain.changing import ChangeClient, Standing, change_client
from services.onboarding.domain.life_cycle import GONE, MOVES, TransitionInvalid, must_lead, must_live
from services.onboarding.domain.progress import Progress
from services.onboarding.following import OF_CLIENTS
from tests.unit.onboarding.contents import NOW
from tests.unit.onboarding.test_asking import PARTING
from tests.unit.onboarding.test_changing import CLIENT, ERIK
from tests.unit.onboarding.test_progress import ACTIVATED, CANCELLED, CONFIGURED, FROM_PERSON, LISTED, SCOPE, event

STAGES = tuple(MOVES)


def test_the_table_knows_every_state_and_leads_to_none_that_it_does_not_know() -> None:
    assert set(get_args(ClientStatus)) | {"draft", "expired"} == set(MOVES)
    assert {after for allowed in MOVES.values() for after in allowed} <= set(MOVES)
    assert [stage for stage, allowed in MOVES.items() if not allowed] == ["expired", "erased"]


@pytest.mark.parametrize("before", STAGES)
@pytest.mark.parametrize("after", STAGES)
def test_what_does_not_follow_is_refused_with_what_is_allowed(before: Any, after: Any) -> None:
    if after in MOVES[before]:
        must_lead(before, after)
        return
    with pytest.raises(TransitionInvalid) as refused:
        must_lead(before, after)
    assert refused.value.facts == {"from": before, "to": after, "allowed": list(MOVES[before])}


@pytest.mark.parametrize("status", STAGES)
def test_what_is_gone_is_called_by_name(status: Any) -> None:
    if status not in GONE:
        must_live(status)
        return
    with pytest.raises(GONE[status]):
        must_live(status)


def attempt(decide: Callable[[], Decision[Any]]) -> Decision[Any] | str:
    """What was decided, or the code of the refusal."""
    try:
        return decide()
    except Refused as refusal:
        return refusal.code


class Life(RuleBasedStateMachine):
    """Onboarding's whole view of one client, beside an activation that decides what real activation may decide."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.client = replace(CLIENT, status="submitted", version=1, edition=1, responsible_consultant=None)
        self.progress = replace(FROM_PERSON, client_id=CLIENT.client_id)
        self.theirs = "unlisted"
        self.unanswered: list[Question] = []
        self.said: list[int] = [1]
        self.edits = 0
        self.settled: dict[UUID, Question] = {}
        self.number = 0

    def _id(self) -> UUID:
        self.number += 1
        return UUID(int=self.number)

    def _hear(self, data: EventData) -> None:
        before = self.progress.status
        decide: Callable[[Progress, Any, datetime], Decision[Progress]] = OF_CLIENTS[type(data)]
        self.progress = decide(self.progress, event(data), self.now).state
        after = self.progress.status
        assert after == before or after in MOVES[before], f"{before} → {after}"
        self.client = replace(self.client, status=after)

    def _ask(self, ask: Any, kind: type[Any], content: dict[str, Any]) -> None:
        state = Askable(
            self.client.client_id,
            self.client.version,
            "byra-ett",
            self.progress.status,
            self.progress.program_access,
            None,
            None,
            {key: each for key, each in self.progress.questions.items() if each.open},
        )
        waiting = [each.kind for each in state.questions.values() if each.state == "pending"]
        command = kind("byra-ett", self._id(), content, ERIK, "corr-1")
        decision = attempt(lambda: ask(state, command, self.now))
        if isinstance(decision, str):
            gone = {each.code for each in GONE.values()}
            assert decision in {"request_pending", "already_activated", "invalid_transition"} | gone
            return
        asked, questions = decision.state.asked, decision.state.questions
        assert asked.kind not in waiting or any(each.state == "unanswered" for each in questions.values())
        assert self.progress.status not in GONE
        self.client = replace(self.client, version=decision.state.version)
        self.said += [say.version or 0 for say in decision.says]
        self.progress = replace(self.progress, questions={**self.progress.questions, **questions})
        self.unanswered.append(asked)

    @rule(reason=st.sampled_from(["mistake", "duplicate"]))
    def ask_to_cancel(self, reason: str) -> None:
        self._ask(ask_cancellation, AskCancellation, {"reason": reason})

    @rule(count=st.integers(1, 5))
    def ask_for_licences(self, count: int) -> None:
        self._ask(ask_licences, AskLicences, {"counts": {"bookkeeping": count}})

    @rule(hours=st.integers(1, 30))
    def time_goes_by(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(name=st.sampled_from(["Ett AB", "Två AB"]), seen_before=st.booleans())
    def change(self, name: str, seen_before: bool) -> None:
        seen = self.client.edition - seen_before
        command = ChangeClient("byra-ett", seen, {"details": {"name": name}}, ERIK)
        decision = attempt(lambda: change_client(Standing(self.client, "sv", None, ()), command, self.now))
        if isinstance(decision, str):
            stale = "unknown_version" if seen == 0 else "stale_version"  # editions are counted from one
            assert (decision == stale) == (self.progress.status not in GONE)
            return
        assert not seen_before
        self.edits += bool(decision.says)
        self.client = decision.state.client
        self.said += [say.version or 0 for say in decision.says]

    @precondition(lambda self: self.theirs == "unlisted")
    @rule()
    def they_list(self) -> None:
        self.theirs = "pending"
        self._hear(LISTED)

    @precondition(lambda self: self.theirs == "pending")
    @rule()
    def they_activate(self) -> None:
        self.theirs = "activated"
        self._hear(ACTIVATED)

    @precondition(lambda self: self.theirs == "activated")
    @rule()
    def they_configure(self) -> None:
        self._hear(CONFIGURED)

    @precondition(lambda self: self.theirs == "activated")
    @rule()
    def they_wish_to_part(self) -> None:
        self.theirs = "parting"
        self._hear(DisconnectionRequestedV1(**PARTING))

    @precondition(lambda self: self.theirs == "parting")
    @rule(model=st.sampled_from([DisconnectionApprovedV1, DisconnectionExpiredV1, DisconnectionWithdrawnV1]))
    def they_part_or_stay(self, model: Any) -> None:
        self.theirs = "parted" if model is DisconnectionApprovedV1 else "activated"
        self._hear(model(**PARTING))

    @precondition(lambda self: self.unanswered and self.theirs != "unlisted")
    @rule(grant=st.booleans())
    def they_answer(self, grant: bool) -> None:
        asked = self.unanswered.pop(0)
        about: dict[str, Any] = {**SCOPE, "request_id": asked.request_id}
        if asked.kind == "licences":
            granted = LicencesChangedV1(**about, program_access=True, licences=[], scheduled=[])
            self._hear(granted if grant else LicencesChangeRefusedV1(**about, code="licences_in_use", errors=[]))
        elif self.theirs == "pending":
            self.theirs = "cancelled"
            self._hear(ActivationCancelledV1.model_validate(CANCELLED.model_dump() | about))
        else:
            self._hear(ActivationCancellationRefusedV1(**about, code="already_activated"))
        answered = self.progress.questions[asked.request_id]
        assert answered.state in {"done", "refused"}
        self.settled[asked.request_id] = answered

    @invariant()
    def every_version_is_said_once_and_in_order(self) -> None:
        assert self.said == list(range(1, self.client.version + 1))

    @invariant()
    def the_edition_counts_what_people_changed_and_nothing_else(self) -> None:
        assert self.client.edition == 1 + self.edits

    @invariant()
    def one_question_of_a_kind_waits(self) -> None:
        kinds = [each.kind for each in self.progress.questions.values() if each.state == "pending"]
        assert len(kinds) == len(set(kinds))

    @invariant()
    def an_answer_stays(self) -> None:
        for request_id, answered in self.settled.items():
            assert self.progress.questions[request_id] == answered

    @invariant()
    def the_state_is_what_activation_says(self) -> None:
        expected = {
            "unlisted": "submitted",
            "pending": "listed",
            "activated": "active",
            "parting": "disconnecting",
            "parted": "disconnected",
            "cancelled": "cancelled",
        }
        assert self.progress.status == expected[self.theirs]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
