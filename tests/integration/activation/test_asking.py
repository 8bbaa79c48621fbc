"""What programs and people ask for again and again: the users in pages, and what one user may do."""

from tests.integration.activation.managing import Managed, code_of, licence
from tests.integration.activation.running import Running


async def test_the_access_version_is_304_for_as_long_as_nothing_changed(running: Running) -> None:
    client = await Managed.of(running)
    olle = await client.user("olle")
    path = f"/users/{olle}/access"
    first = await client.request("GET", path, "olle", claims=client.own)
    seen = {"If-None-Match": first.headers["ETag"]}

    same = await client.request("GET", path, "olle", claims=client.own, headers=seen)
    await client.save(licence("bookkeeping", olle))
    changed = await client.request("GET", path, "olle", claims=client.own, headers=seen)
    stranger = await client.request("GET", path, "siv", claims=client.own)
    others = [
        await client.request("GET", path, "olle", claims=client.own, headers={"If-None-Match": named})
        for named in ("*", f'"other", W/{changed.headers["ETag"]}', '"other"')
    ]

    assert [each.status_code for each in others] == [304, 304, 200]
    assert (same.status_code, changed.status_code) == (304, 200)
    assert changed.json()["licences"] == ["bookkeeping"]
    assert stranger.status_code == 404


async def test_users_come_by_name_in_pages_and_are_found_by_name_or_address(running: Running) -> None:
    client = await Managed.of(running)
    for name in ("olle", "sivert", "siv", "per"):
        assert (await client.invite(name)).status_code == 201

    seen, cursor = [], ""
    for _ in range(3):
        page = await client.get(f"/users?limit=2{cursor}")
        seen += [each["name"] for each in page["items"]]
        cursor = f"&cursor={page['next']}"

    assert (seen, page["next"]) == (["Karin", "Olle", "Per", "Siv", "Sivert"], None)
    found = (await client.get("/users?q=SIV@exempel&limit=1"))["items"]
    assert [each["email"] for each in found] == ["siv@exempelbolaget.se"]
    assert code_of(await client.request("GET", "/users?cursor=abc")) == "invalid_cursor"
