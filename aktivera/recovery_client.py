"""Asks the services' routes for getting whole again: announce, offsets, projections."""

from collections.abc import Iterator, Sequence
from typing import Any

from aktivera import SERVICES
from aktivera.operator_client import OperatorClient

MOST = 2000
PAGE = 5000
PATH = "/v1/operations"


class RecoveryClient(OperatorClient):
    """One operator's hand on all services. Everything is a dry run unless told otherwise."""

    def announce(
        self,
        service: str,
        ids: Sequence[str],
        *,
        kind: str | None = None,
        raise_versions: bool = False,
        dry_run: bool = True,
    ) -> dict[str, Any]:
        """All that a service owns where no ids are given."""
        asked = {"kind": kind, "raise_versions": raise_versions, "dry_run": dry_run}
        answers = [
            self._ask("POST", service, f"{PATH}/announce", json={"aggregates": part or "all", **asked})
            for part in _parts(ids)
        ]
        counts: dict[str, int] = {}
        for answer in answers:
            for each, count in answer["aggregates"].items():
                counts[each] = counts.get(each, 0) + count
        return {
            "dry_run": dry_run,
            "aggregates": counts,
            "unknown": [each for answer in answers for each in answer["unknown"]],
        }

    def announcing(self, service: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", service, f"{PATH}/announcements")["items"]
        return found

    def offsets(self, service: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("GET", service, f"{PATH}/offsets")["items"]
        return found

    def accept(
        self, service: str, topic: str, partition: int | None, reason: str, *, dry_run: bool = True
    ) -> dict[str, Any]:
        body = {"topic": topic, "partition": partition, "reason": reason, "dry_run": dry_run}
        return self._ask("POST", service, f"{PATH}/offsets/accept", json=body)

    def owned(self, service: str, kind: str) -> Iterator[dict[str, Any]]:
        """What a service owns of a kind: id, version, gone."""
        yield from self._pages(service, f"{PATH}/aggregates/{kind}")

    def kept(self, service: str, projection: str) -> Iterator[dict[str, Any]]:
        """What a service keeps of another's: id, the version seen last, why it waits."""
        yield from self._pages(service, f"{PATH}/projections/{projection}")

    def waiting(self, service: str, projection: str) -> list[str]:
        """The keys that wait for a version, in a projection or on their way into it."""
        found = self._ask("GET", service, f"{PATH}/projections/{projection}", params={"limit": "1"})
        keys: list[str] = found["waiting"]
        return keys

    def forget(
        self, service: str, projection: str, ids: Sequence[str] | None, *, dry_run: bool = True
    ) -> dict[str, Any]:
        """All of it, for `ids` None."""
        answer: dict[str, Any] = {}
        for part in _parts(ids or ()):
            body = {"ids": "all" if ids is None else part, "dry_run": dry_run}
            answer = self._ask("POST", service, f"{PATH}/projections/{projection}/forget", json=body)
        return answer

    def projections(self) -> list[dict[str, Any]]:
        """All projections with the service that keeps each. Raises Refused, httpx.HTTPError."""
        return [
            {"service": service, **each}
            for service in SERVICES
            for each in self._ask("GET", service, f"{PATH}/status")["projections"]
        ]

    def _pages(self, service: str, path: str) -> Iterator[dict[str, Any]]:
        after: str | None = ""
        while after is not None:
            found = self._ask("GET", service, path, params={"after": after, "limit": str(PAGE)})
            yield from found["items"]
            after = found["next"]


def _parts(ids: Sequence[str]) -> list[list[str]]:
    """In requests of a size that is taken; one without ids where there are none."""
    return [list(ids[at : at + MOST]) for at in range(0, len(ids), MOST)] or [[]]
