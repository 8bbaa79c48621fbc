"""The three-step guide over HTTP, as a console would walk through it."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.onboarding.running import Running

PARTS = {1: "access", 2: "details", 3: "licences"}


@dataclass
class Guide:
    """One draft of somebody's; remembers the version that it saw last, as a tab of a browser does."""

    running: Running
    draft: dict[str, Any]
    headers: dict[str, str]

    @classmethod
    async def begun(cls, running: Running, body: dict[str, Any] | None = None, **claims: Any) -> "Guide":
        headers = running.token(**claims)
        answer = await running.http.post("/v1/drafts", json=body or {}, headers=headers)
        assert answer.status_code == 201, answer.text
        return cls(running, answer.json(), headers)

    @property
    def path(self) -> str:
        return f"/v1/drafts/{self.draft['draft_id']}"

    def tab(self) -> "Guide":
        """Another tab of the same browser, opened now."""
        return Guide(self.running, self.draft, self.headers)

    async def put(self, step: int, value: Any, **beside: Any) -> httpx.Response:
        answer = await self.running.http.put(
            f"{self.path}/steps/{step}",
            json={PARTS[step]: value, **beside},
            headers=self.headers | {"If-Match": f'"{self.draft["version"]}"'},
        )
        if answer.status_code == 200:
            self.draft = answer.json()
        return answer

    async def fill(self, content: dict[str, Any]) -> "Guide":
        for step, part in PARTS.items():
            answer = await self.put(step, content[part])
            assert answer.status_code == 200, answer.text
        return self

    async def read(self) -> httpx.Response:
        return await self.running.http.get(self.path, headers=self.headers)

    async def submit(self, **body: Any) -> httpx.Response:
        return await self.running.http.post(f"{self.path}/submit", json=body, headers=self.headers)

    def told(self, what: str = "errors") -> list[tuple[str, str]]:
        return [(each["pointer"], each["code"]) for each in self.draft[what]]
