"""Who sees which mails: in an agency that says so, a consultant those of their own clients alone."""

from typing import Any, Literal
from uuid import UUID, uuid4

from schemas.activation import ActivationReassignedV1, ConsultantsChangedV1
from schemas.activation_snapshot import ActivationSnapshotV1, UserSnapshot
from schemas.agency import AgencyChangedV1
from schemas.users import UserChangedV1, UserRemovedV1
from schemas.values import Person
from tests.integration.notifier.running import Running
from tests.unit.notifier.events import KARIN, LISTED_AT, activated, event_of, listed

ERIK = Person(sub="erik", name="Erik")
USER: dict[str, Any] = {"user_id": UUID(int=3), "sub": "erik", "name": "Erik", "email": "", "locale": "sv"}


async def visibility(running: Running, wanted: Literal["all", "linked"], version: int) -> None:
    data = AgencyChangedV1(agency="byra-ett", name="Byrå Ett", locale="sv", client_visibility=wanted)
    await running.hear(event_of(data, version))


async def sees(running: Running, sub: str, **claims: Any) -> bool:
    """The one mail there is: in the list, by its id, and to be sent again, all alike."""
    (row,) = await running.rows("select id from emails where resend = 0")
    listed_ids = {each["id"] for each in (await running.get("/v1/emails", sub, **claims))["items"]}
    one = await running.http.get(f"/v1/emails/{row['id']}", headers=running.token(sub, **claims))
    again = await running.http.post(f"/v1/emails/{row['id']}/resend", headers=running.token(sub, **claims))
    assert (one.status_code == 200) == (str(row["id"]) in listed_ids) == (again.status_code != 404)
    return one.status_code == 200


async def test_mails_are_shown_to_those_alone_who_have_to_do_with_the_client(running: Running) -> None:
    client_id = uuid4()
    scope: dict[str, Any] = {
        "client_id": client_id, "agency": "byra-ett", "client_name": "Exempelbolaget AB", "test": False
    }  # fmt: skip
    responsible = ActivationReassignedV1(**scope, responsible_consultant="erik", by=KARIN)

    async def hears(data: Any, version: int) -> bool:
        await running.hear(event_of(data, version))
        return await sees(running, "erik")

    await running.hear(listed(client_id))
    assert await sees(running, "erik")
    await visibility(running, "linked", 1)

    assert [await sees(running, sub) for sub in ("karin", "erik")] == [True, False]
    assert await sees(running, "anna", roles=["agency_admin"])
    await running.hear(activated(client_id, ERIK))
    assert await sees(running, "erik")
    assert not await hears(UserRemovedV1(**scope, **USER, state="removed"), 3)
    assert await hears(UserChangedV1(**scope, **USER, state="active"), 4)
    assert not await hears(UserChangedV1(**scope, **USER, state="disabled"), 5)
    assert await hears(ConsultantsChangedV1(**scope, consultants=["erik", "siv"]), 6)
    assert not await hears(ConsultantsChangedV1(**scope, consultants=["siv"]), 7)
    assert await hears(responsible, 8)
    assert not await hears(responsible.model_copy(update={"responsible_consultant": None}), 9)
    state = {
        "status": "activated", "origin": "wizard", "program_access": True, "counts": {}, "locale": "sv",
        "confirmation_email": "anna@exempelbolaget.se", "created_at": LISTED_AT, "listed_at": LISTED_AT,
        "consultants": [], "licences": [], "scheduled": [], "invitations": [], "access_version": 0,
        "users": [UserSnapshot(**USER, kind="consultant", state="active", grants=[])],
    }  # fmt: skip
    assert await hears(ActivationSnapshotV1(**scope, **state), 12)
    assert not await sees(running, "siv")
    await visibility(running, "all", 2)
    assert await sees(running, "siv")
