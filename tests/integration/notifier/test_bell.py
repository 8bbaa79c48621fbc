"""The bell over HTTP: who has which items, what they say, and what was done with them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from schemas.values import Person, RequestedBy
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import activated, cancelled, consultant, listed


async def items(running: Running, sub: str = "karin", query: str = "", **claims: Any) -> list[dict[str, Any]]:
    answer = await running.get(f"/v1/notifications{query}", sub, **claims)
    assert isinstance(answer["items"], list)
    return list(answer["items"])


async def test_the_creator_has_an_item_and_nobody_else(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    (item,) = await items(running)
    assert item["text"] == "Exempelbolaget AB: ny klient att aktivera"
    assert item["path"].endswith(str(client_id))
    assert (item["state"], item["seq"], item["handled"]) == ("unseen", 1, None)
    assert await items(running, "erik") == []
    assert await items(running, agency="byra-tva") == []


async def test_the_text_is_in_the_reader_s_language(running: Running) -> None:
    await running.hear(listed(uuid4()))
    (item,) = await items(running, locale="en")
    assert item["text"] == "Exempelbolaget AB: new client to activate"


async def test_an_activation_changes_the_text_and_not_the_badge(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    await running.hear(activated(client_id, Person(sub="erik", name="Erik")))
    (item,) = await items(running)
    assert item["text"].startswith("Exempelbolaget AB: aktiverad av Erik ")
    assert item["text"].endswith("10:42")
    assert item["handled"]["how"] == "activated"
    assert await running.get("/v1/notifications/count") == {"unseen": 1, "unread": 1}


async def test_an_item_s_names_turn_no_letters_around(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id, client_name="Bolaget \u202egnp.exe\u202c"))
    await running.hear(activated(client_id, Person(sub="erik", name="\u2067Erik\u2069")))
    (item,) = await items(running)
    assert item["text"].startswith("Bolaget gnp.exe: aktiverad av Erik ")
    assert (item["client_name"], item["handled"]["by"]) == ("Bolaget gnp.exe", "Erik")


async def test_a_client_listed_and_cancelled_in_one_batch_shows_both(running: Running) -> None:
    client_id = uuid4()
    by = RequestedBy(kind="user", id="anna", name="Anna")
    await running.hear(listed(client_id), cancelled(client_id, by))
    (item,) = await items(running)
    assert "avbruten av Anna" in item["text"]


async def test_a_second_delivery_of_the_event_rings_no_second_time(running: Running) -> None:
    event = listed(uuid4())
    await running.hear(event)
    await running.hear(event)
    assert len(await items(running)) == 1
    assert len(await running.rows("select from emails")) == 1


async def test_all_client_managers_ring_when_nobody_answers_for_the_client(running: Running) -> None:
    await running.hear(
        consultant("karin", "client_manager"),
        consultant("erik", "client_manager").model_copy(update={"sequence": "2"}),
        consultant("anna", "agency_admin").model_copy(update={"sequence": "3"}),
    )
    await running.hear(listed(uuid4(), created_by=None))
    assert [len(await items(running, sub)) for sub in ("karin", "erik", "anna")] == [1, 1, 0]
    said = (await running.said())[-1]["data"]
    assert (said["audience"], said["count"]) == ("client_managers", 2)


async def test_an_item_waits_for_the_agency_s_first_client_manager(running: Running) -> None:
    await running.hear(listed(uuid4(), created_by=None))
    assert await items(running) == []
    assert await running.said() == []
    await running.hear(consultant("karin", "client_manager"))
    assert len(await items(running)) == 1
    assert [event["correlationid"] for event in await running.said()] == ["correlation-1"]


async def test_numbers_of_a_user_count_up_without_gaps(running: Running) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@e.se") for number in range(5)))
    await running.hear(*(listed(uuid4(), confirmation_email=f"v{number}@e.se") for number in range(5)))
    assert [item["seq"] for item in await items(running)] == list(range(10, 0, -1))


async def test_a_list_is_read_page_by_page(running: Running) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@e.se") for number in range(5)))
    seen, cursor = [], ""
    while True:
        page = await running.get(f"/v1/notifications?limit=2{cursor}")
        seen += [item["seq"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [5, 4, 3, 2, 1]
    refused = await running.http.get("/v1/notifications?cursor=x%20y", headers=running.token())
    assert refused.json()["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    ("acts", "state", "counts"),
    [
        (["seen"], "seen", {"unseen": 0, "unread": 1}),
        (["read", "seen", "read"], "read", {"unseen": 0, "unread": 0}),
        (["archive", "read"], "archived", {"unseen": 0, "unread": 0}),
    ],
)
async def test_an_item_is_marked(running: Running, acts: list[str], state: str, counts: dict[str, int]) -> None:
    await running.hear(listed(uuid4()))
    (item,) = await items(running)
    for act in acts:
        answer = await running.post(f"/v1/notifications/{item['id']}/{act}")
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert await running.get("/v1/notifications/count") == counts
    assert len(await items(running, query="?state=archived")) == (state == "archived")


async def test_another_s_item_is_not_found(running: Running) -> None:
    await running.hear(listed(uuid4()))
    (item,) = await items(running)
    answer = await running.post(f"/v1/notifications/{item['id']}/read", "erik")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await running.get("/v1/notifications/count"))["unread"] == 1


async def test_reading_all_leaves_what_came_since(running: Running) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@e.se") for number in range(3)))
    assert (await running.post("/v1/notifications/read-all", json={"seq": 2})).json() == {"read": 2}
    assert (await running.get("/v1/notifications/count"))["unread"] == 1
    assert (await running.post("/v1/notifications/read-all")).json() == {"read": 1}


@pytest.mark.parametrize("seq", [True, "2", 2.0, -1, 2**63])
async def test_reading_all_up_to_what_is_no_number_of_an_item_is_refused_and_reads_nothing(
    running: Running, seq: Any
) -> None:
    await running.hear(*(listed(uuid4(), confirmation_email=f"u{number}@e.se") for number in range(3)))
    answer = await running.post("/v1/notifications/read-all", json={"seq": seq})
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [("/seq", "invalid_value")]
    assert (await running.get("/v1/notifications/count"))["unread"] == 3


async def test_without_a_token_nothing_is_shown(running: Running) -> None:
    for path in ("/v1/notifications", "/v1/notifications/count", "/v1/emails"):
        assert (await running.http.get(path)).status_code == 401


async def test_the_trace_names_each_step_and_no_address(running: Running) -> None:
    client_id = uuid4()
    await running.hear(listed(client_id))
    (item,) = await items(running)
    await running.post(f"/v1/notifications/{item['id']}/read")
    async with running.delivering():
        await running.mail_is("sent")
    trace = running.context.service.trace
    assert trace is not None
    for steps in (
        await trace(running.context.database, str(client_id), None),
        await trace(running.context.database, None, "correlation-1"),
    ):
        assert [step.what for step in steps] == [
            "email.queued",
            "email.sent",
            "notification.raised",
            "notification.seen",
            "notification.read",
        ]
        assert steps[0].detail["to"] == "a•••@exempelbolaget.se"
    assert await trace(running.context.database, str(UUID(int=0)), None) == []
