"""Asks the services' operator routes: status, trace, held events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from aktivera.addresses import Addresses
from aktivera.tokens import Bearer, issue

SECONDS = 15.0


class Refused(Exception):  # named after the fact
    """A service refused; the text is its problem document's."""


class Operations:
    """One operator's view of all services."""

    def __init__(self, where: Addresses) -> None:
        self._where = where
        token = issue(where.signing_key, Bearer("aktivera", "operator", ("operator",), name="Operator"))
        self._client = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS)

    def status(self) -> list[dict[str, Any]]:
        """One object a service; `error` instead of facts where it does not answer."""
        return [self._asked(service, "/v1/operations/status") for service in self._where.services]

    def trace(self, what: str) -> list[dict[str, Any]]:
        """The steps of a client id or correlation id from all services, in order of time."""
        steps: list[dict[str, Any]] = []
        for service in self._where.services:
            found = self._asked(service, "/v1/operations/trace", client_id=what, correlation_id=what)
            if "error" in found:
                steps.append({"at": "", "service": service, "what": "no answer", "detail": found})
            steps += [{"service": service, **step} for step in found.get("steps", [])]
        return sorted(steps, key=lambda step: str(step["at"]))

    def held(self, service: str | None, reason: str | None) -> list[dict[str, Any]]:
        """All held events of one or all services, oldest first in each. Raises Refused, httpx.HTTPError."""
        rows: list[dict[str, Any]] = []
        for name in [service] if service else self._where.services:
            query = {"reason": reason} if reason else {}
            while True:
                found = self._ask("GET", name, "/v1/operations/held-events", params={"limit": "200", **query})
                rows += [{"service": name, **row} for row in found["items"]]
                if found["next"] is None:
                    break
                query["cursor"] = found["next"]
        return rows

    def held_one(self, service: str, held_id: int) -> dict[str, Any]:
        return self._ask("GET", service, f"/v1/operations/held-events/{held_id}")

    def retry(self, service: str, held_id: int, *, dry_run: bool) -> dict[str, Any]:
        return self._ask("POST", service, f"/v1/operations/held-events/{held_id}/retry", json={"dry_run": dry_run})

    def discard(self, service: str, held_id: int, reason: str, *, dry_run: bool) -> dict[str, Any]:
        body = {"dry_run": dry_run, "reason": reason}
        return self._ask("POST", service, f"/v1/operations/held-events/{held_id}/discard", json=body)

    def _asked(self, service: str, path: str, **query: str) -> dict[str, Any]:
        try:
            return self._ask("GET", service, path, params=query)
        except (Refused, httpx.HTTPError) as error:
            return {"service": service, "error": str(error) or type(error).__name__}

    def _ask(self, method: str, service: str, path: str, **options: Any) -> dict[str, Any]:
        if service not in self._where.services:
            raise Refused(f"no service is called {service}; there are {', '.join(self._where.services)}")
        answer = self._client.request(method, self._where.services[service] + path, **options)
        body: dict[str, Any] = answer.json()
        if answer.is_error:
            raise Refused(f"{body.get('code')}: {body.get('detail_en')}")
        return body


@contextmanager
def explained() -> Iterator[None]:
    """Ends the command with one line instead of a traceback where a service is away or refuses."""
    import typer

    try:
        yield
    except Refused as refusal:
        typer.echo(f"refused: {refusal}", err=True)
        raise typer.Exit(1) from None
    except httpx.HTTPError as error:
        typer.echo(f"no answer: {type(error).__name__}; is the stack up? (make up)", err=True)
        raise typer.Exit(1) from None
