"""A draft's way: changed on the version that was seen, submitted once, expired after 30 days; and its warnings."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.personal_numbers import NumberDisclosed
from schemas.values import Person
from services.onboarding.domain.creation import Namesake, Neighbours
from services.onboarding.domain.drafts import (
    LIFETIME,
    Draft,
    DraftIsExpired,
    DraftIsStale,
    DraftIsSubmitted,
    DraftUnknown,
    PutStep,
    StartDraft,
    living,
    put_step,
    start_draft,
    submitted,
    warnings,
)
from services.onboarding.domain.editions import UnknownVersion
from tests.unit.onboarding.contents import NOW, TODAY, association, content

DRAFT, OTHER = UUID(int=7), UUID(int=8)
KARIN = Person(sub="karin", name="Karin")
ALONE = Neighbours("sv", None, ())


def started(**body: Any) -> Draft:
    return start_draft(None, StartDraft(DRAFT, "byra-ett", KARIN, body), NOW).state


def named(*same: Namesake, sent: dict[str, Any] | None = None, reference: UUID | None = None) -> list[Any]:
    found = warnings(sent or content(), "byra-ett", Neighbours("sv", reference, same), TODAY)
    return [(each.pointer, each.code, each.client_id) for each in found]


def test_each_change_is_a_version_and_thirty_days_more() -> None:
    draft = started()
    later = NOW + timedelta(days=29)
    changed = put_step(draft, PutStep(1, {"access": {}}, seen=1), later).state
    assert (changed.version, changed.expires_at) == (2, later + LIFETIME)
    assert put_step(changed, PutStep(1, {"access": {}}, seen=2), later).state is changed


def test_a_change_on_a_version_that_is_not_the_present_one_is_stale() -> None:
    draft = put_step(started(), PutStep(1, {"access": {}}, seen=1), NOW).state
    with pytest.raises(DraftIsStale) as refused:
        put_step(draft, PutStep(2, {"details": {}}, 1), NOW)
    assert refused.value.facts == {"version": 2}


def test_a_change_on_a_version_that_never_was_is_told_so() -> None:
    draft = put_step(started(), PutStep(1, {"access": {}}, seen=1), NOW).state
    for seen in (3, 0):
        with pytest.raises(UnknownVersion) as refused:
            put_step(draft, PutStep(2, {"details": {}}, seen), NOW)
        assert refused.value.facts == {"version": 2}


def test_a_draft_expires_with_its_thirtieth_day_whenever_the_job_comes_by() -> None:
    draft = started()
    assert draft.standing(draft.expires_at - timedelta(seconds=1)) == "draft"
    assert draft.standing(draft.expires_at) == "expired"
    with pytest.raises(DraftIsExpired):
        put_step(draft, PutStep(1, {"access": {}}, 1), draft.expires_at)


def test_a_submitted_draft_has_no_content_and_changes_no_more() -> None:
    draft = submitted(started(details={"name": "Eva"}), OTHER, NOW)
    assert (draft.status, draft.content, draft.standing(draft.expires_at)) == ("submitted", {}, "submitted")
    with pytest.raises(DraftIsSubmitted) as refused:
        living(draft, NOW)
    assert refused.value.facts == {"client_id": OTHER}
    with pytest.raises(DraftUnknown):
        living(None, NOW)


def test_the_creator_and_the_agencys_administrators_see_it() -> None:
    draft = started()
    assert draft.visible_to("byra-ett", "karin", agency_admin=False)
    assert draft.visible_to("byra-ett", "anna", agency_admin=True)
    assert not draft.visible_to("byra-ett", "erik", agency_admin=False)
    assert not draft.visible_to("byra-tva", "karin", agency_admin=True)


def test_nobody_who_is_named_by_a_personal_number_begins_one() -> None:
    with pytest.raises(NumberDisclosed):
        start_draft(None, StartDraft(DRAFT, "byra-ett", Person(sub="811218-9876", name="Eva"), {}), NOW)


def test_nothing_is_warned_of_a_usual_client() -> None:
    assert named() == []
    assert warnings({}, "byra-ett", ALONE, TODAY) == []


def test_a_number_of_another_form_is_a_warning_before_the_step_is_complete() -> None:
    sent = {"details": {"name": "Exempel AB", "identity": {"kind": "organisation", "number": "802000-1239"}}}
    assert named(sent=sent) == [("/details/identity/number", "form_mismatch", None)]


def test_the_own_agencys_client_is_named_and_anothers_is_not() -> None:
    own = Namesake(OTHER, "byra-ett", "organisation", "x")
    elsewhere = Namesake(OTHER, "byra-tva", "organisation", "x")
    assert named(own) == [("/details/identity/number", "duplicate_client", OTHER)]
    assert named(elsewhere) == [("/details/identity/number", "client_exists_elsewhere", None)]
    assert named(reference=OTHER) == [("/external_ref", "already_onboarded", OTHER)]


def test_an_association_of_the_same_name_is_perhaps_the_same() -> None:
    same = Namesake(OTHER, "byra-ett", "association_without_orgnr", "exempelbolaget ab")
    sent = content(details__identity=association())
    assert named(same, sent=sent) == [("/details/identity/number", "possible_duplicate", OTHER)]
    assert named(same, sent=content(details__identity=association(), details__name="Annat")) == []
