"""Who may see a personal number whole: an administrator of the agency, who says why, and not one after the other."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from schemas.errors import Pointed, Refused
from services.onboarding.domain.agency import AgencyAdminRequired
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.rule_book import ContentInvalid

RevealReason = Literal["customer_due_diligence", "authority_report", "correction", "support", "other"]

MOST_TRIES = 20
WINDOW = timedelta(hours=1)


class RevealLimit(Refused):
    """The caller has tried too often of late; `retry_after_seconds` says when the next try counts."""

    code = "reveal_limit"


Standing = Literal["administrator", "other", "elsewhere"]
"""What the caller is to the client: of its agency as administrator, of it or an operator, or another's."""


def may_reveal(
    standing: Standing, reason: Any, tries: Sequence[datetime], now: datetime, passed_over: Sequence[Pointed] = ()
) -> RevealReason:
    """The reason, where the caller may. `tries` are those of the last hour, whatever became of them. `passed_over`:
    what else was sent.

    Refused tries count: else the limit would not bound what somebody without the right can try.
    Raises ClientElsewhere, RevealLimit, AgencyAdminRequired, ContentInvalid.
    """
    if standing == "elsewhere":
        raise ClientElsewhere
    if len(tries) >= MOST_TRIES:
        until = sorted(tries)[-MOST_TRIES] + WINDOW
        raise RevealLimit(retry_after_seconds=max(1, round((until - now).total_seconds())))
    if standing != "administrator":
        raise AgencyAdminRequired
    if reason is None:
        raise ContentInvalid([Pointed("/reason", "reason_required")], passed_over)
    if reason not in get_args(RevealReason):
        raise ContentInvalid([Pointed("/reason", "invalid_choice", choices=get_args(RevealReason))], passed_over)
    return reason  # type: ignore[no-any-return]  # one of the choices
