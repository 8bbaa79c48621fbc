"""Asks onboarding's routes for upstream sources."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from aktivera.operator_client import OperatorClient, Refused

TOPIC_SECONDS = 10.0
AGAIN_SECONDS = 0.2
MakeTopics = Callable[[], list[str]]

PATH = "/v1/sources"


class SourceClient(OperatorClient):
    """One operator's hand on the sources. Raises Refused, httpx.HTTPError."""

    def sources(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", "onboarding", PATH)["items"]
        return found

    def source(self, slug: str) -> dict[str, Any]:
        return self._ask("GET", "onboarding", f"{PATH}/{slug}")

    def add_source(
        self, slug: str, agencies: Sequence[str], may: Sequence[str] | None, *, test: bool, make_topics: MakeTopics
    ) -> tuple[dict[str, Any], list[str]]:
        """The source, and the topics that were made for it."""
        body = {"agencies": list(agencies), "test": test} | ({"may": list(may)} if may else {})
        made: list[str] = []
        try:
            answer = self._ask("PUT", "onboarding", f"{PATH}/{slug}", json=body)
        except Refused as refusal:
            if refusal.problem.get("code") != "source_topics_missing":
                raise  # and no topics are made for a slug that is none
            made = make_topics()
            answer = self._once_they_are_there(f"{PATH}/{slug}", body)
        return answer, made

    def _once_they_are_there(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A broker knows of a new topic a moment after it has said that it made it."""
        until = time.monotonic() + TOPIC_SECONDS
        while True:
            try:
                return self._ask("PUT", "onboarding", path, json=body)
            except Refused as refusal:
                if refusal.problem.get("code") != "source_topics_missing" or time.monotonic() > until:
                    raise
            time.sleep(AGAIN_SECONDS)  # the broker tells nobody; the deadline is above

    def change_source(self, slug: str, agencies: Sequence[str], may: Sequence[str] | None) -> dict[str, Any]:
        body = ({"agencies": list(agencies)} if agencies else {}) | ({"may": list(may)} if may else {})
        return self._ask("PATCH", "onboarding", f"{PATH}/{slug}", json=body)

    def pause_source(self, slug: str) -> dict[str, Any]:
        return self._ask("POST", "onboarding", f"{PATH}/{slug}/pause")

    def resume_source(self, slug: str) -> dict[str, Any]:
        return self._ask("POST", "onboarding", f"{PATH}/{slug}/resume")

    def remove_source(self, slug: str) -> dict[str, Any]:
        return self._ask("DELETE", "onboarding", f"{PATH}/{slug}")
