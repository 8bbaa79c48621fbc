"""PROMISE: a name or an address that tries to be more is refused with a code, or is kept as what mails can show."""

from typing import Any

import pytest

from services.notifier.domain.addresses import for_the_wire
from tests.integration.onboarding.running import Running
from tests.unit.notifier.hostile import ADDRESSES, FINE, NAMES
from tests.unit.notifier.test_header_injection import composed, harmless
from tests.unit.onboarding.contents import content, organisation


def told(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in body.get("errors", ())]


async def test_every_name_of_the_corpus_is_refused_or_harmless(running: Running) -> None:
    await running.register_agency()
    for number, (what, name) in enumerate(NAMES.items()):
        identity = {"kind": "organisation", "number": organisation(900 + number)}
        answer = await running.create(content(details__name=name, details__identity=identity))
        if answer.status_code == 201:
            (row,) = await running.rows("select name from clients where client_id = $1", answer.json()["client_id"])
            assert row["name"].isprintable() or "bidi" in what, what
            harmless(composed(row["name"]), "anna@example.se")
        else:
            assert (answer.status_code, told(answer.json())) == (422, [("/details/name", "invalid_value")]), what


async def test_every_address_of_the_corpus_is_refused_with_its_code(running: Running) -> None:
    await running.register_agency()
    for what, address in ADDRESSES.items():
        answer = await running.create(content(licences__confirmation_email=address))
        assert answer.status_code == 422, what
        assert told(answer.json()) == [("/licences/confirmation_email", "invalid_email")], what


@pytest.mark.parametrize("address", [each for each in FINE if each.partition("@")[0].isascii()])
async def test_an_address_that_is_taken_can_be_written_to(address: str, running: Running) -> None:
    await running.register_agency()
    answer = await running.create(content(licences__confirmation_email=address))
    assert answer.status_code == 201, answer.text
    for_the_wire(address)
