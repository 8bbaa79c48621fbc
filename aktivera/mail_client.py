"""Asks the notifier's routes for operators: single mails, and the gate that holds all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from aktivera.operator_client import OperatorClient

GATE = "/v1/operations/mail"
MAILS = "/v1/operations/emails"
PAGE = 200
MOST_THAT_WAIT = 5000


class MailClient(OperatorClient):
    """One operator's hand on mails. What changes anything is a dry run unless told otherwise."""

    def gate(self, limit: int = MOST_THAT_WAIT) -> dict[str, Any]:
        """Whether mails are held, and at most `limit` of those that would be sent."""
        return self._ask("GET", "notifier", GATE, params={"limit": str(limit)})

    def mails(self, wanted: Mapping[str, str], limit: int) -> tuple[list[dict[str, Any]], bool]:
        """The newest of those wanted, and whether there are more."""
        found: list[dict[str, Any]] = []
        query = dict(wanted)
        while True:
            page = self._ask("GET", "notifier", MAILS, params=query | {"limit": str(min(PAGE, limit - len(found)))})
            found += page["items"]
            if page["next"] is None or len(found) >= limit:
                return found, page["next"] is not None
            query["cursor"] = page["next"]

    def one(self, email_id: str) -> dict[str, Any]:
        return self._ask("GET", "notifier", f"{MAILS}/{email_id}")

    def try_again(self, email_id: str, reason: str, *, dry_run: bool = True) -> dict[str, Any]:
        body = {"reason": reason, "dry_run": dry_run}
        return self._ask("POST", "notifier", f"{MAILS}/{email_id}/retry", json=body)

    def hold(self, why: str, *, dry_run: bool = True) -> dict[str, Any]:
        return self._ask("POST", "notifier", f"{GATE}/hold", json={"why": why, "dry_run": dry_run})

    def release(self, why: str, but: Sequence[str] | Literal["all"], *, dry_run: bool = True) -> dict[str, Any]:
        """All that wait but these, which count as unknown; `all` of them do."""
        body = {"why": why, "but": but if but == "all" else list(but), "dry_run": dry_run}
        return self._ask("POST", "notifier", f"{GATE}/release", json=body)
