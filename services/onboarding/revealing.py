"""Shows a client's number whole, once the try is on record: what was refused is recorded like what was shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.db import Database
from chassis.tokens import Caller
from schemas.errors import Pointed, Refused
from services.onboarding import vault
from services.onboarding.domain.client import ClientElsewhere
from services.onboarding.domain.life_cycle import ClientIsErased
from services.onboarding.domain.revealing import MOST_TRIES, WINDOW, RevealLimit, RevealReason, Standing, may_reveal
from services.onboarding.store import reveals
from services.onboarding.store.reveals import Try


async def reveal(
    database: Database, client_id: UUID, who: Caller, given: Any, correlation_id: str, passed_over: Sequence[Pointed]
) -> tuple[str, str]:
    """(kind, number). The record is committed before anything is answered. `given`: the reason; `passed_over`: what
    else was sent.

    Raises ClientElsewhere, RevealLimit, AgencyAdminRequired, ContentInvalid, ClientIsErased.
    """
    refusal: Refused | None = None
    reason: RevealReason | None = None
    number = kind = ""
    async with database.unit_of_work() as uow:
        client = await reveals.identity(uow, client_id)
        if client is None:
            raise ClientElsewhere
        tries, limited = await reveals.recent(uow, who.agency, who.sub, uow.now - WINDOW)
        try:
            reason = may_reveal(_standing(who, client["agency"]), given, tries, uow.now, passed_over)
            kind = client["identity_kind"]
            number = client["org_number"] or await vault.opened().reveal(uow, client_id) or ""
            if not number:
                raise ClientIsErased
        except Refused as fact:
            refusal = fact
        code = None if refusal is None else refusal.code
        if len(tries) < MOST_TRIES or (code == RevealLimit.code and not limited):  # a flood may not fill the record
            tried = Try(client_id, client["agency"], who.agency, who.sub, reason, code, correlation_id)
            await reveals.record(uow, tried)
    if refusal is not None:
        raise refusal
    return kind, number


def _standing(who: Caller, agency: str) -> Standing:
    if "operator" in who.roles and who.client is None:
        return "other"
    if who.agency != agency:
        return "elsewhere"
    return "administrator" if "agency_admin" in who.roles and who.client is None else "other"
