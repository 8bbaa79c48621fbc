"""Asks the services' operator routes: status, trace, held events."""

import os
import pwd
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Self

import httpx

from aktivera import SERVICES, STATISTICS
from aktivera.addresses import Addresses
from aktivera.tokens import Bearer, issue
from chassis.settings import environment

SECONDS = 15.0
UNKNOWN = f"no service is called {{}}; there are {', '.join(SERVICES)}"

IS_OFF = f"{STATISTICS} does not run here: AKTIVERA_INSIGHTS=false, or INSIGHTS_REPLICAS=0, turned it off"


class Refused(Exception):  # named after the fact
    """A service refused; `problem` is its problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('code')}: {problem.get('detail_en')}")
        self.problem = problem


class ServiceUnknown(Exception):  # named after the fact
    """No service has this name; the message names those that there are."""


def operator() -> str:
    """Who the services write down: the operating system's name of the person."""
    found = environment()
    name = found.get("USER") or found.get("LOGNAME")
    if not name:
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # as in a container that is told any uid
            name = f"uid {os.getuid()}"
    return f"operator:{name}"


class OperatorClient:
    """One operator's view of all services."""

    def __init__(self, where: Addresses) -> None:
        self._urls = where.services | ({STATISTICS: where.insights} if where.insights else {})
        token = issue(where.signing_key, Bearer("aktivera", operator(), ("operator",), name="Operator"))
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def status(self) -> list[dict[str, Any]]:
        """One object a service; `error` instead of facts where it does not answer."""
        return [self._asked(service, "/v1/operations/status") for service in self._urls]

    def trace(self, what: str) -> list[dict[str, Any]]:
        """The steps of a client id or correlation id from all services, in order of time, then of the services."""
        steps: list[dict[str, Any]] = []
        for service in SERVICES:
            found = self._asked(service, "/v1/operations/trace", client_id=what, correlation_id=what)
            if "error" in found:
                steps.append({"at": "", "service": service, "what": "no answer", "detail": {"error": found["error"]}})
            steps += [{"service": service, **step} for step in found.get("steps", [])]
        return in_order(steps)

    def held(self, service: str | None, reason: str | None = None, *, settled: bool = False) -> list[dict[str, Any]]:
        """Held events of one or all services, oldest first in each. Raises Refused, ServiceUnknown, httpx.HTTPError."""
        if service == STATISTICS:
            raise ServiceUnknown(UNKNOWN.format(service))
        names = [service] if service else list(SERVICES)
        return [{"service": name, **row} for name in names for row in self._held(name, reason, settled=settled)]

    def held_one(self, service: str, held_id: int) -> dict[str, Any]:
        return self._ask("GET", service, f"/v1/operations/held-events/{held_id}")

    def retry(self, service: str, held_id: int, *, dry_run: bool) -> dict[str, Any]:
        return self._ask("POST", service, f"/v1/operations/held-events/{held_id}/retry", json={"dry_run": dry_run})

    def discard(self, service: str, held_id: int, reason: str, *, dry_run: bool) -> dict[str, Any]:
        body = {"dry_run": dry_run, "reason": reason}
        return self._ask("POST", service, f"/v1/operations/held-events/{held_id}/discard", json=body)

    def discard_key(self, service: str, held_id: int, reason: str, *, dry_run: bool) -> dict[str, Any]:
        """Gives up all that is held on this event's key, each time the head, until nothing is or one is refused."""
        asked = self.held_one(service, held_id)
        place, discarded, refused = (asked["topic"], asked["key"]), 0, None
        while (left := self._of_key(service, place)) and not dry_run and refused is None:
            before = discarded
            for each in left:
                try:
                    if self.held_one(service, each)["is_head"]:
                        self.discard(service, each, reason, dry_run=False)
                        discarded += 1
                except Refused as fact:
                    if fact.problem.get("code") != "not_found":  # handled meanwhile, since what was before it is gone
                        refused = fact.problem
                        break
            if discarded == before:
                break
        return {"dry_run": dry_run, "key": place[1], "discarded": discarded, "left": len(left), "refused": refused}

    def rebuild_statistics(self, *, dry_run: bool) -> dict[str, Any]:
        """Has insights throw away what it counted and read the topics again. Raises ServiceUnknown where it is off."""
        if STATISTICS not in self._urls:
            raise ServiceUnknown(IS_OFF)
        if dry_run:
            return {"rebuilding": False, "since": self._ask("GET", STATISTICS, "/v1/operations/status")["since"]}
        return self._ask("POST", STATISTICS, "/v1/operations/rebuild")

    def vault(self) -> dict[str, Any]:
        """The vault's master keys, and what each wraps."""
        return self._ask("GET", "onboarding", "/v1/vault")

    def rewrap(self, limit: int) -> int:
        """Has some data keys wrapped with the current master key, and answers how many."""
        return int(self._ask("POST", "onboarding", "/v1/vault/rotation", json={"limit": limit})["rewrapped"])

    def _of_key(self, service: str, place: tuple[str, str]) -> list[int]:
        return [row["id"] for row in self._held(service) if (row["topic"], row["key"]) == place]

    def _held(self, service: str, reason: str | None = None, *, settled: bool = False) -> Iterator[dict[str, Any]]:
        query = {"limit": "200"} | ({"reason": reason} if reason else {}) | ({"settled": "true"} if settled else {})
        while True:
            found = self._ask("GET", service, "/v1/operations/held-events", params=query)
            yield from found["items"]
            if found["next"] is None:
                return
            query["cursor"] = found["next"]

    def _asked(self, service: str, path: str, **query: str) -> dict[str, Any]:
        try:
            return self._ask("GET", service, path, params=query)
        except (Refused, httpx.HTTPError) as error:
            return {"service": service, "error": str(error) or type(error).__name__}

    def _ask(self, method: str, service: str, path: str, **options: Any) -> dict[str, Any]:
        if service not in self._urls:
            raise ServiceUnknown(UNKNOWN.format(service))
        answer = self._client.request(method, self._urls[service] + path, **options)
        try:
            body: dict[str, Any] = answer.json()
        except ValueError:
            body = {"code": f"http_{answer.status_code}", "detail_en": "the answer is no JSON", "errors": []}
            raise Refused(body) from None
        if answer.is_error:
            raise Refused(body)
        return body


def in_order(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By moment; at the same moment in the order of a client's way, and within a service as it told them."""
    silent = [step for step in steps if not step["at"]]
    timed = [step for step in steps if step["at"]]
    return silent + sorted(
        timed, key=lambda step: (datetime.fromisoformat(step["at"]), SERVICES.index(step["service"]))
    )
