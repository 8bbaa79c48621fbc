"""Who may use onboarding's routes: the agency's own people and operators; never a client's user."""

from chassis.tokens import Caller
from schemas.errors import Refused
from schemas.values import Person
from services.onboarding.domain.agency import AgencyAdminRequired

STAFF = ("client_manager", "agency_admin")


class NotFound(Refused):
    """There is no such thing, or it is another agency's."""

    code = "not_found"


def must_administer(who: Caller, agency: str) -> None:
    """Lets the agency's administrators and operators pass. Raises NotFound for another's, AgencyAdminRequired."""
    if "operator" in who.roles and who.client is None:
        return
    if who.agency != agency:
        raise NotFound
    if "agency_admin" not in who.roles or who.client is not None:
        raise AgencyAdminRequired


def must_be_of(who: Caller, agency: str, *roles: str) -> None:
    """Lets operators pass, and the agency's own with one of the roles. Raises NotFound for another's, NotAllowed."""
    if "operator" in who.roles and who.client is None:
        return
    if who.agency != agency:
        raise NotFound
    who.must_be_staff(*roles)


def person(who: Caller) -> Person:
    """The caller as events name one, which take a name of at most 200 letters."""
    return Person(sub=who.sub, name=who.name[:200])
