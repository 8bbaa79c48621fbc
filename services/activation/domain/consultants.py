"""The agency's consultants at a client: linked, answering for it, handing it over, leaving (rule book §7.5, §7.7)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from schemas.activation import ActivationReassignedV1, ConsultantsChangedV1
from schemas.errors import Pointed, Refused
from schemas.handover import HandoverCompletedV1
from schemas.users import UserChangedV1
from schemas.values import Level, Person, Recipient
from services.activation.domain.administrators import keep_one
from services.activation.domain.agency import Consultant
from services.activation.domain.client import Cell, Client, Held, Member, Rules
from services.activation.domain.draft import Draft
from services.activation.domain.inviting import AlreadyAUser, facts_of
from services.activation.domain.rights import Actor, AgencyAdminRequired, ClientManagerRequired, entered
from services.activation.domain.users import put

_ORDER: tuple[Level, ...] = ("none", "on", "read", "write")
CLOSED = ("cancelled", "disconnected")


class UnknownConsultant(Refused):
    """The agency has no such consultant."""

    code = "unknown_consultant"


class NotReassignable(Refused):
    """The client is cancelled or disconnected: nobody answers for it any more."""

    code = "not_reassignable"


class NothingToHandOver(Refused):
    """The consultant has nothing to do with the client."""

    code = "consultant_not_linked"


class HandoverToSelf(Refused):
    """A hand-over needs two people."""

    code = "handover_to_self"


@dataclass(frozen=True, slots=True)
class Link:
    """These consultants are to be linked to the client, and no others."""

    actor: Actor
    rules: Rules
    subs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reassign:
    """Somebody else, or nobody in particular, is to answer for the client."""

    actor: Actor
    rules: Rules
    sub: str | None


@dataclass(frozen=True, slots=True)
class HandOver:
    """All that one consultant has in the client goes to another, and the first leaves it."""

    actor: Actor
    rules: Rules
    handover_id: UUID
    from_sub: str
    to_sub: str


@dataclass(frozen=True, slots=True)
class Release:
    """A consultant leaves the agency, as onboarding asks for it, and so each of its clients."""

    actor: Actor
    rules: Rules
    sub: str


def present(client: Client) -> set[str]:
    """The consultants who have to do with the client: linked to it, or users in it."""
    return {*client.linked, *entering(client)}


def entering(client: Client) -> set[str]:
    """The consultants who are active users of the client."""
    users = client.users.values()
    return {each.sub for each in users if each.kind == "consultant" and each.state == "active" and each.sub is not None}


def must_hand_over(actor: Actor, from_sub: str, to_sub: str) -> None:
    """Raises HandoverToSelf, ClientManagerRequired, and AgencyAdminRequired for another's clients."""
    if actor.client is None and not actor.roles & {"client_manager", "agency_admin"}:
        raise ClientManagerRequired
    if from_sub == to_sub:
        raise HandoverToSelf([Pointed("/to", HandoverToSelf.code)])
    if actor.client is not None or not (actor.is_agency_admin or actor.sub == from_sub):
        raise AgencyAdminRequired


def link(draft: Draft, command: Link) -> None:
    """Links and unlinks. Who is linked can be given rights; who is unlinked loses all of theirs.

    Raises AgencyAdminRequired, UnknownConsultant, LastSystemAdministrator.
    """
    client = entered(draft.client(), command.actor)
    if not command.actor.is_agency_admin:
        raise AgencyAdminRequired
    if client.activation.status in CLOSED:
        raise NotReassignable
    wanted, there, users = set(command.subs), present(client), entering(client)
    unknown = [
        Pointed(f"/consultants/{number}", UnknownConsultant.code)
        for number, sub in enumerate(command.subs)
        if sub not in there and sub not in client.staff
    ]
    if unknown:
        raise UnknownConsultant(unknown)
    for sub in sorted(wanted - users):
        if sub in client.staff:
            join(draft, client.staff[sub])
    leave(draft, there - wanted)
    _set_linked(draft, wanted)
    keep_one(draft, ["/consultants"])
    draft.tell_grants(command.actor.person)


def reassign(draft: Draft, command: Reassign) -> None:
    """Changes who answers for the client. Raises ClientManagerRequired, NotReassignable, UnknownConsultant."""
    client = entered(draft.client(), command.actor)
    if command.actor.client is not None or not command.actor.roles & {"client_manager", "agency_admin"}:
        raise ClientManagerRequired
    if client.activation.status in CLOSED:
        raise NotReassignable
    if command.sub is not None and command.sub not in client.staff:
        raise UnknownConsultant([Pointed("/responsible_consultant", UnknownConsultant.code)])
    _answer_for(draft, command.sub, command.actor.person)


def hand_over(draft: Draft, command: HandOver) -> None:
    """Gives one consultant's place to another: rights, link and answering for the client.

    Raises AgencyAdminRequired (one's own clients apart), HandoverToSelf, UnknownConsultant, NotReassignable, and
    NothingToHandOver where the first has nothing to do with the client.
    """
    client = entered(draft.client(), command.actor)
    must_hand_over(command.actor, command.from_sub, command.to_sub)
    if client.activation.forgotten or client.activation.status in CLOSED:
        raise NotReassignable
    successor = client.staff.get(command.to_sub)
    if successor is None:
        raise UnknownConsultant([Pointed("/to", UnknownConsultant.code)])
    if command.from_sub not in {*present(client), client.activation.responsible_consultant}:
        raise NothingToHandOver([Pointed("/from", NothingToHandOver.code)])
    leaver = client.user_of(command.from_sub) if command.from_sub in entering(client) else None
    if leaver is not None:
        heir = join(draft, successor)
        for cell in draft.cells_of(leaver.user_id):
            _inherit(draft, replace(cell, user_id=heir.user_id), draft.grants[cell])
    linked = command.from_sub in draft.linked
    leave(draft, {command.from_sub})
    if linked:
        _set_linked(draft, (draft.linked - {command.from_sub}) | {command.to_sub})
    keep_one(draft)
    draft.tell_grants(command.actor.person)
    if client.activation.responsible_consultant == command.from_sub:
        _answer_for(draft, command.to_sub, command.actor.person, command.handover_id)
    known = client.staff.get(command.from_sub)
    leaver_name = leaver.name if leaver else known.name if known else command.from_sub[:200]
    draft.remark(
        "handover",
        {"consultant": command.from_sub},
        {"consultant": command.to_sub, "handover_id": str(command.handover_id)},
    )
    draft.say(
        HandoverCompletedV1(
            **draft.scope,
            handover_id=command.handover_id,
            from_=Person(sub=command.from_sub, name=leaver_name),
            to=Recipient(
                sub=successor.sub, name=successor.name, email=successor.email or None, locale=successor.locale
            ),
        )
    )


def release_consultant(draft: Draft, command: Release) -> None:
    """Takes a consultant out of the client. Raises LastSystemAdministrator."""
    leave(draft, {command.sub})
    _set_linked(draft, draft.linked - {command.sub})
    keep_one(draft)
    draft.tell_grants(command.actor.person)
    if draft.activation.responsible_consultant == command.sub and draft.activation.status not in CLOSED:
        _answer_for(draft, None, command.actor.person)


def join(draft: Draft, consultant: Consultant) -> Member:
    """The consultant as a user of the client. They need no invitation: the agency vouches for them.

    Raises AlreadyAUser where the same person is a user of the client's own.
    """
    user_id = uuid5(draft.activation.client_id, consultant.sub)
    known = draft.users.get(user_id)
    if known is not None and known.state == "active" and known.kind == "consultant":
        return known
    if any(each.sub == consultant.sub and each.state != "removed" for each in draft.users.values() if each != known):
        raise AlreadyAUser
    user = Member(
        user_id,
        "consultant",
        consultant.sub,
        consultant.name,
        consultant.email,
        consultant.locale,
        "active",
        logged_in_at=draft.now,
    )
    draft.users[user_id] = user
    draft.say(UserChangedV1(**draft.scope, **facts_of(user)))
    return user


def leave(draft: Draft, subs: Iterable[str]) -> None:
    """Consultants are users of the client no more."""
    gone = set(subs)
    for user in list(draft.users.values()):
        if user.kind == "consultant" and user.sub in gone and user.state != "removed":
            put(draft, user, "removed")


def _inherit(draft: Draft, cell: Cell, held: Held) -> None:
    known = draft.grants.get(cell)
    if (
        known is None
        or (known.until is not None and held.until is None)
        or (_ORDER.index(held.level) > _ORDER.index(known.level) and (known.until is None) == (held.until is None))
    ):
        draft.grant(cell, held)


def _set_linked(draft: Draft, subs: Iterable[str]) -> None:
    wanted = frozenset(subs)
    if wanted != draft.linked:
        draft.linked = wanted
        draft.say(ConsultantsChangedV1(**draft.scope, consultants=sorted(wanted)))


def _answer_for(draft: Draft, sub: str | None, by: Person, handover_id: UUID | None = None) -> None:
    if draft.activation.responsible_consultant != sub:
        data = ActivationReassignedV1(**draft.scope, responsible_consultant=sub, by=by, handover_id=handover_id)
        draft.say(data, responsible_consultant=sub)
