"""The last system administrator (rule book §7.7): one who has logged in, without an end date, stays always."""

from collections.abc import Sequence

from schemas.errors import Pointed, Refused
from schemas.values import Recipient
from services.activation.domain.client import Cell, Client, Member
from services.activation.domain.draft import Draft


class LastSystemAdministrator(Refused):
    """Nobody who has logged in would be system administrator any more."""

    code = "last_system_administrator"


class PermanentAdminRequired(Refused):
    """The only system administrator would be one for a limited time."""

    code = "permanent_admin_required"


def administrators(client: Client) -> list[Member]:
    """The system administrators who are active and have logged in."""
    return [
        user
        for user in client.users.values()
        if user.state == "active"
        and user.logged_in_at is not None
        and Cell(user.user_id, "system_administrator") in client.grants
    ]


def lasting(client: Client) -> list[Member]:
    """Those of them whose role has no end date."""
    return [
        user
        for user in administrators(client)
        if client.grants[Cell(user.user_id, "system_administrator")].until is None
    ]


def keep_one(draft: Draft, pointers: Sequence[str] = ()) -> None:
    """Raises LastSystemAdministrator, PermanentAdminRequired where the act would leave the client without.

    A client that is without one already (connected, its own administrators not yet here) is not made worse.
    `pointers` are the places of the request that bring it about.
    """
    after = draft.client()
    if after.activation.activated_at is None or after.activation.status == "disconnected":
        return
    if lasting(after) or not lasting(draft.before):
        return
    refusal = PermanentAdminRequired if administrators(after) else LastSystemAdministrator
    raise refusal(
        [Pointed(each, refusal.code) for each in pointers],
        clients=[str(after.activation.client_id)],
        suggestion="hand_over",
    )


def recipients(client: Client) -> list[Recipient]:
    """The administrators, as events name whom to tell."""
    return [
        Recipient(sub=user.sub, name=user.name, email=user.email or None, locale=user.locale)
        for user in administrators(client)
        if user.sub is not None
    ]
