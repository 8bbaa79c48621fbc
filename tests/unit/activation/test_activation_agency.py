"""What activation knows of agencies and consultants."""

from typing import Any

from schemas.agency import (
    AgencyRegisteredV1,
    AgencySnapshotV1,
    ConsultantChangedV1,
    ConsultantRegisteredV1,
    ConsultantRemovedV1,
)
from services.activation.domain.agency import (
    Agency,
    drop_consultant,
    follow_agency,
    follow_consultant,
    take_snapshot,
)
from tests.unit.activation.events import NOW, envelope

REGISTERED = AgencyRegisteredV1(agency="byra-ett", name="Byrå Ett", locale="sv", client_visibility="linked")


def consultant(sub: str, **changes: Any) -> dict[str, Any]:
    return {"sub": sub, "name": sub, "email": f"{sub}@byra.se", "locale": "sv", "roles": ["client_manager"], **changes}


def with_consultants(*subs: str) -> Agency:
    state: Agency | None = None
    for sub in subs:
        data = ConsultantRegisteredV1.model_validate({"agency": "byra-ett", **consultant(sub)})
        state = follow_consultant(state, envelope(data), NOW).state
    assert state is not None
    return state


def test_a_consultant_may_be_heard_of_before_the_agency() -> None:
    state = follow_agency(with_consultants("karin"), envelope(REGISTERED), NOW).state

    assert (state.name, state.client_visibility) == ("Byrå Ett", "linked")
    assert list(state.consultants) == ["karin"]


def test_a_changed_consultant_replaces_the_earlier_one_alone() -> None:
    state = with_consultants("karin", "erik")
    data = ConsultantChangedV1.model_validate(
        {"agency": "byra-ett", **consultant("erik", roles=["client_manager", "agency_admin"])}
    )

    after = follow_consultant(state, envelope(data), NOW).state

    assert after.consultants["erik"].roles == ("client_manager", "agency_admin")
    assert after.consultants["karin"] == state.consultants["karin"]
    assert state.consultants["erik"].roles == ("client_manager",)


def test_a_removed_consultant_is_gone_and_an_unknown_one_is_no_error() -> None:
    state = with_consultants("karin", "erik")

    for sub in ("erik", "nobody"):
        state = drop_consultant(state, envelope(ConsultantRemovedV1(agency="byra-ett", sub=sub)), NOW).state

    assert list(state.consultants) == ["karin"]


def test_a_snapshot_replaces_everything() -> None:
    data = AgencySnapshotV1.model_validate({**REGISTERED.model_dump(), "consultants": [consultant("anna")]})

    state = take_snapshot(with_consultants("karin"), envelope(data), NOW).state

    assert state.name == "Byrå Ett"
    assert list(state.consultants) == ["anna"]
