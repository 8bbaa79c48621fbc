"""What becomes of a row: the API's own decision, beside what the rows before it have made."""

from typing import Any
from uuid import UUID

import pytest

from schemas.values import Person
from services.onboarding.domain.creation import Creation, Namesake, Neighbours
from services.onboarding.domain.importing import Doubles, Earlier, Import, Result, decide_row
from tests.unit.onboarding.contents import NOW, association, content

MINE, OTHER, FILE = UUID(int=1), UUID(int=2), UUID(int=3)
NOTHING: dict[str, int] = {}


def decided(
    sent: dict[str, Any],
    *same: Namesake,
    doubles: Doubles = Doubles(),  # noqa: B008  # frozen
    dry_run: bool = False,
    fits: bool = True,
    reference: UUID | None = None,
) -> tuple[Result, Any]:
    file = Import(FILE, "byra-ett", Person(sub="karin", name="Karin"), dry_run, "running", "c", NOW, None, NOTHING)
    beside = Creation(Neighbours("sv", reference, same))
    return decide_row(
        sent,
        fits=fits,
        beside=beside,
        doubles=doubles,
        file=file,
        client_id=MINE,
        correlation_id="c/1",
        now=NOW,
    )


def test_a_row_makes_a_client_of_its_callers_with_origin_csv() -> None:
    result, client = decided(content())
    assert (result.status, result.client_id) == ("created", MINE)
    assert (client.origin, client.created_by.sub, client.correlation_id) == ("csv", "karin", "c/1")
    assert decided(content(), dry_run=True)[0].status == "valid"


def test_a_row_that_is_wrong_is_told_as_the_api_tells() -> None:
    result, client = decided(content(details__name="", licences__confirmation_email="x"))
    assert client is None
    assert (result.status, result.code) == ("refused", "invalid_content")
    assert [(each.pointer, each.code) for each in result.errors] == [
        ("/details/name", "required"),
        ("/licences/confirmation_email", "invalid_email"),
    ]
    assert decided(content(), fits=False)[0].code == "invalid_csv"


def test_a_client_that_the_agency_has_is_known_and_anothers_is_refused() -> None:
    own, elsewhere = (Namesake(OTHER, agency, "organisation", "x") for agency in ("byra-ett", "byra-tva"))
    assert decided(content(), own)[0] == Result("known", "duplicate_client", client_id=OTHER)
    assert decided(content(), reference=OTHER)[0] == Result("known", "already_onboarded", client_id=OTHER)
    assert decided(content(), elsewhere)[0] == Result("refused", "client_exists_elsewhere")


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_double_in_the_same_file_is_refused_with_the_row_that_came_first(dry_run: bool) -> None:
    first = Earlier(4, OTHER)
    by_number, _ = decided(content(), doubles=Doubles(by_number=first), dry_run=dry_run)
    assert (by_number.status, by_number.code, by_number.same_row) == ("refused", "duplicate_client", 4)
    by_reference, _ = decided(content(), doubles=Doubles(by_reference=first), dry_run=dry_run)
    assert (by_reference.code, by_reference.same_row) == ("already_onboarded", 4)


def test_an_association_twice_in_a_file_must_be_confirmed() -> None:
    sent, first = content(details__identity=association()), Doubles(by_number=Earlier(4, OTHER))
    assert decided(sent, doubles=first)[0].code == "possible_duplicate"
    assert decided(sent | {"confirm_duplicate": True}, doubles=first)[0].status == "created"


def test_what_should_be_looked_at_comes_with_the_row() -> None:
    result, _ = decided(content(details__identity__number="802000-1239"))
    assert [(each.pointer, each.code) for each in result.warnings] == [("/details/identity/number", "form_mismatch")]
