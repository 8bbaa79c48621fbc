"""Ways to manage a client over HTTP, for tests."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx

from chassis.ids import uuid7
from tests.integration.activation.running import Running
from tests.unit.activation.events import created


class Managed:
    """One activated client of byra-ett. Everybody acts under their own token."""

    def __init__(self, running: Running, client_id: UUID) -> None:
        self.running = running
        self.client_id = client_id

    @classmethod
    async def of(cls, running: Running, activated_by: str | None = "karin", **changes: Any) -> "Managed":
        client_id = uuid7()
        await running.hear(created(client_id=client_id, **changes))
        if activated_by is not None:
            assert (await running.activate(client_id, activated_by)).status_code == 200
        return cls(running, client_id)

    async def request(self, method: str, path: str, sub: str = "karin", **options: Any) -> httpx.Response:
        claims, headers = options.pop("claims", {}), options.pop("headers", {})
        return await self.running.http.request(
            method,
            path if path.startswith("/v1") else f"/v1/clients/{self.client_id}{path}",
            headers=self.running.token(sub, **claims) | headers,
            **options,
        )

    async def get(self, path: str, sub: str = "karin", **options: Any) -> Any:
        answer = await self.request("GET", path, sub, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def save(
        self, *changes: dict[str, Any], sub: str = "karin", version: int | None = None, **options: Any
    ) -> httpx.Response:
        """A Save on the version that is there, unless another is named."""
        seen = (await self.get("/access"))["access_version"] if version is None else version
        return await self.request(
            "PATCH", "/access", sub, json={"changes": list(changes)}, headers={"If-Match": f'"{seen}"'}, **options
        )

    async def invite(self, name: str, *grants: dict[str, Any], sub: str = "karin") -> httpx.Response:
        body = {"name": name.title(), "email": f"{name}@exempelbolaget.se", "locale": "sv", "grants": list(grants)}
        return await self.request("POST", "/users", sub, json=body)

    async def user(self, name: str, *grants: dict[str, Any]) -> str:
        """Somebody of the client's own, invited and in; answers the user's id."""
        answer = await self.invite(name, *grants)
        assert answer.status_code == 201, answer.text
        user_id: str = answer.json()["user_id"]
        accepted = await self.accept(answer.json()["invitation"]["invitation_id"], name)
        assert accepted.status_code == 200, accepted.text
        return user_id

    async def accept(self, invitation_id: str, sub: str, code: str | None = None) -> httpx.Response:
        row = (await self.running.rows("select * from invitations where invitation_id = $1", UUID(invitation_id)))[0]
        settings: Any = self.running.context.settings
        given = code or settings.link_keys.code(row["kid"], row["invitation_id"], row["generation"])
        return await self.request(
            "POST", f"/v1/invitations/{invitation_id}/accept", sub, json={"code": given}, claims=self.own
        )

    async def counts(self, program: str) -> dict[str, int]:
        rows: Sequence[dict[str, Any]] = (await self.get("/licences"))["licences"]
        (row,) = [each for each in rows if each["program"] == program]
        return {name: row[name] for name in ("purchased", "assigned", "reserved", "available")}

    @property
    def own(self) -> dict[str, Any]:
        """The claims of somebody of the client's own."""
        return {"client": str(self.client_id), "roles": []}


def licence(program: str, user_id: str | None = None, level: str = "on") -> dict[str, Any]:
    return {"kind": "licence", "program": program, "level": level} | ({"user_id": user_id} if user_id else {})


def permission(program: str, part: str, level: str, user_id: str | None = None, **more: Any) -> dict[str, Any]:
    cell = {"kind": "permission", "program": program, "part": part, "level": level}
    return cell | ({"user_id": user_id} if user_id else {}) | more


def role(kind: str, user_id: str, level: str = "on", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "user_id": user_id, "level": level, **more}


def code_of(answer: httpx.Response) -> str:
    """The code that refused."""
    assert answer.status_code >= 400, answer.text
    code: str = answer.json()["code"]
    return code
