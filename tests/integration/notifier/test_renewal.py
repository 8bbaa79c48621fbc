"""A changed client is called by its new name, and its confirmation goes to its new address while it waits."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.client import ClientErasedV1, ClientUpdatedV1
from schemas.envelope import Envelope
from schemas.values import Access
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import LISTED_AT, event_of, listed


def updated(client_id: UUID, version: int = 1, **changes: Any) -> Envelope[Any]:
    data: dict[str, Any] = {
        "client_id": client_id,
        "agency": "byra-ett",
        "name": "Nya Bolaget AB",
        "identity_kind": "organisation",
        "protected_identity": False,
        "origin": "api",
        "test": False,
        "access": Access(program_access=True, invoice_recipient="agency", invoice_interval="year"),
        "counts": {"bookkeeping": 2},
        "confirmation_email": "ny@nyabolaget.se",
        "locale": "en",
        "created_at": LISTED_AT,
    }
    return event_of(ClientUpdatedV1(**{**data, **changes}), version)


@pytest.mark.parametrize("first", ["the change", "the listing"])
async def test_a_mail_that_waits_goes_to_the_new_address_under_the_new_name(running: Running, first: str) -> None:
    client_id = uuid4()
    heard = [updated(client_id), listed(client_id)]
    for event in heard if first == "the change" else reversed(heard):
        await running.hear(event)
    async with running.delivering():
        mail = await running.mail_is("sent")
    assert (mail["recipient"], mail["client_name"], mail["locale"]) == ("ny@nyabolaget.se", "Nya Bolaget AB", "en")
    (item,) = (await running.get("/v1/notifications?q=nya+bolaget"))["items"]
    assert item["client_name"] == "Nya Bolaget AB"


async def test_the_latest_change_counts_and_what_was_sent_stays(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.hear(updated(client_id, confirmation_email="ett@nyabolaget.se"), updated(client_id, 2))
    async with running.delivering():
        mail = await running.mail_is("sent")
    await running.hear(updated(client_id, 3, confirmation_email="tre@nyabolaget.se"))
    assert (mail["recipient"], (await running.mail())["recipient"]) == ("ny@nyabolaget.se", "ny@nyabolaget.se")


async def test_a_mail_whose_content_was_out_keeps_its_address(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.context.database.execute("update emails set state = 'retry', content = 'as it was'")
    await running.hear(updated(client_id))
    async with running.delivering():
        mail = await running.mail_is("sent")
    assert mail["recipient"] == "anna@exempelbolaget.se"


async def test_of_an_erased_client_no_name_is_remembered(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    gone = event_of(ClientErasedV1(client_id=client_id, agency="byra-ett"), 2)
    await running.hear(updated(client_id), gone)
    await running.hear(updated(client_id, 3))
    assert await running.rows("select from renewed_clients") == []
