"""The rule book: what a new client must look like, the same for a person's request and an upstream event."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

from schemas.errors import Pointed, Refused, problem
from schemas.programs import PROGRAMS
from schemas.values import Access, Administrator, Locale
from services.onboarding.domain import fields
from services.onboarding.domain.details import read_details
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.new_client import Channel, Licences, NewClient
from services.onboarding.domain.unknown_fields import unknown_of_a_person

INTERVALS = ("month", "quarter", "year")
RECIPIENTS = ("agency", "client")
LOCALES = get_args(Locale)
LARGEST_COUNT = 9999
MOST_ADMINISTRATORS = 100


class ContentInvalid(Refused):
    """Something that was sent breaks the rule book; `errors` point at each place.

    One thing wrong is named by its own code, several by `invalid_content`. `warnings`: what was passed over.
    """

    code = "invalid_content"

    def __init__(self, errors: list[Pointed], warnings: Sequence[Pointed] = ()) -> None:
        codes = {error.code for error in errors}
        if len(codes) == 1:
            self.code = codes.pop()  # type: ignore[misc]  # this one refusal's own fact
        self.warnings = tuple(warnings)
        told = [problem(each.code, [each])["errors"][0] for each in warnings]
        super().__init__(errors, **({"warnings": told} if told else {}))

    def beside(self, more: Sequence[Pointed]) -> "ContentInvalid":
        """The same with what else is wrong, which the content alone does not show."""
        return ContentInvalid([*self.errors, *more], self.warnings)


def review(request: Mapping[str, Any], today: date, channel: Channel) -> NewClient:
    """The new client that a request describes. Raises ContentInvalid with everything that is wrong in it."""
    found = Findings()
    if channel == "event":  # a person's agency is that of the token
        fields.text(found, request.get("agency"), "/agency")
    access = read_access(found, request.get("access"))
    details = read_details(found, request.get("details"), today, channel)
    licences = read_licences(found, request.get("licences"), None if access is None else access.program_access)
    external_ref = fields.optional_text(found, request.get("external_ref"), "/external_ref")
    responsible = fields.optional_text(
        found, request.get("responsible_consultant"), "/responsible_consultant", longest=255
    )
    locale: Any = None
    if request.get("locale") is not None:
        locale = fields.choice(found, request["locale"], "/locale", LOCALES)
    confirm = fields.flag(found, request.get("confirm_duplicate"), "/confirm_duplicate", default=False)
    connected = fields.flag(found, request.get("connected"), "/connected", default=False)
    administrators = read_administrators(found, request.get("administrators"), locale or "sv")
    if found.errors or access is None or details is None or licences is None:
        raise ContentInvalid(found.errors, unknown_of_a_person(request) if channel == "http" else ())
    return NewClient(
        access=access,
        details=details,
        licences=licences,
        external_ref=external_ref,
        responsible_consultant=responsible,
        locale=locale,
        confirm_duplicate=bool(confirm),
        connected=bool(connected),
        administrators=administrators,
    )


def read_access(found: Findings, value: Any) -> Access | None:
    """Step 1. Who pays must be said with program access; without it the agency pays."""
    given = fields.obj(found, value, "/access")
    if given is None:
        return None
    program_access = fields.flag(found, given.get("program_access"), "/access/program_access")
    recipient: Any = fields.choice(
        found,
        given.get("invoice_recipient"),
        "/access/invoice_recipient",
        RECIPIENTS,
        default=None if program_access else "agency",
    )
    interval: Any = fields.choice(found, given.get("invoice_interval"), "/access/invoice_interval", INTERVALS)
    if program_access is None or recipient is None or interval is None:
        return None
    return Access(program_access=program_access, invoice_recipient=recipient, invoice_interval=interval)


def read_licences(found: Findings, value: Any, program_access: bool | None) -> Licences | None:
    """Step 3. At least one licence with program access, none without; the confirmation is mailed either way."""
    given = fields.obj(found, value, "/licences")
    if given is None:
        return None
    before = len(found.errors)
    counts = read_counts(found, given.get("counts"), "/licences/counts")
    email = fields.email(found, given.get("confirmation_email"), "/licences/confirmation_email")
    if counts is None:
        return None
    if program_access and not counts and len(found.errors) == before:
        found.add("/licences/counts", "licences_required")
    if program_access is False and counts:
        found.add("/licences/counts", "licences_not_allowed")
    return None if email is None else Licences(counts, email)


def read_counts(found: Findings, value: Any, pointer: str, *, keep_none: bool = False) -> dict[str, int] | None:
    """Program → how many; those of none are left out unless `keep_none`. Null stands for nothing ordered."""
    given = {} if value is None else fields.obj(found, value, pointer)
    if given is None:
        return None
    counts: dict[str, int] = {}
    for name, count in given.items():
        program = PROGRAMS.programs.get(name)
        place = fields.below(pointer, name)
        retired = program is not None and program.retired
        if program is None or not (program.orderable or retired):
            found.add(place, "unknown_program")
        elif isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= LARGEST_COUNT:
            found.add(place, "invalid_count")
        elif retired and count and not keep_none:  # of what is there already there may be fewer
            found.add(place, "program_retired")
        elif count or keep_none:
            counts[name] = count
    return counts


def read_administrators(found: Findings, value: Any, locale: str) -> tuple[Administrator, ...] | None:
    """The administrators that a client already has, or that upstream wishes to invite."""
    if value is None:
        return None
    if not isinstance(value, list):
        found.add("/administrators", "invalid_value")
        return None
    if len(value) > MOST_ADMINISTRATORS:
        found.add("/administrators", "too_many_items")
        return None
    read = [_administrator(found, each, f"/administrators/{place}", locale) for place, each in enumerate(value)]
    return tuple(each for each in read if each is not None)


def _administrator(found: Findings, value: Any, pointer: str, locale: str) -> Administrator | None:
    given = fields.obj(found, value, pointer)
    if given is None:
        return None
    sub = fields.optional_text(found, given.get("sub"), f"{pointer}/sub", longest=255)
    name = fields.text(found, given.get("name"), f"{pointer}/name", long="name_too_long")
    email = fields.email(found, given.get("email"), f"{pointer}/email")
    language: Any = fields.choice(found, given.get("locale"), f"{pointer}/locale", LOCALES, default=locale)
    if name is None or email is None or language is None:
        return None
    return Administrator(sub=sub, name=name, email=email, locale=language)
