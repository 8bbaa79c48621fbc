"""The rule book, step 2: name, identity and address."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, get_args

from schemas.values import IdentityKind
from services.onboarding.domain import fields
from services.onboarding.domain.encrypted_number import UNDECRYPTABLE, DecryptedNumber
from services.onboarding.domain.fields import Findings
from services.onboarding.domain.identity_numbers import (
    IdentityNumber,
    NumberInvalid,
    organisation_number,
    personal_number,
)
from services.onboarding.domain.new_client import Address, Channel, Details, Identity

DETAILS = "/details"
IDENTITY = "/details/identity"
NUMBER = "/details/identity/number"
ENCRYPTED = "/details/identity/number_jwe"
ADDRESS = "/details/address"

LONGEST_NUMBER = 40

_SWEDISH_POSTAL_CODE = re.compile(r"[0-9]{3} ?[0-9]{2}")
COUNTRIES = ("SE", "NO", "DK", "FI", "… (ISO 3166-1)")
"""How a country is written, for who wrote something else."""
_COUNTRY = re.compile(r"[A-Z]{2}")


def read_details(found: Findings, value: Any, today: date, channel: Channel) -> Details | None:
    """Step 2. An address may be left out where the identity is protected."""
    given = fields.obj(found, value, DETAILS)
    if given is None:
        return None
    name, protected = read_name(found, given), read_protection(found, given)
    identity = read_identity(found, given.get("identity"), today, channel)
    address = read_place(found, given, protected=bool(protected))
    if name is None or identity is None or protected is None:
        return None
    return Details(name, identity, protected, address)


def read_name(found: Findings, given: Mapping[str, Any]) -> str | None:
    """What the client is called."""
    return fields.text(found, given.get("name"), f"{DETAILS}/name", long="name_too_long")


def read_protection(found: Findings, given: Mapping[str, Any]) -> bool | None:
    """Whether the identity is protected; it is not where nothing is said."""
    return fields.flag(found, given.get("protected_identity"), f"{DETAILS}/protected_identity", default=False)


def read_place(found: Findings, given: Mapping[str, Any], *, protected: bool) -> Address | None:
    """The address, which must be there unless the identity is protected."""
    if given.get("address") is None and protected:
        return None
    return read_address(found, given.get("address"))


def read_identity(found: Findings, value: Any, today: date, channel: Channel) -> Identity | None:
    """Exactly one number, of the sort that the kind asks for."""
    if value is None:
        found.add(IDENTITY, "identity_required")
        return None
    given = fields.obj(found, value, IDENTITY)
    if given is None:
        return None
    kind = fields.choice(found, given.get("kind"), f"{IDENTITY}/kind", get_args(IdentityKind))
    responsible = None
    if kind == "association_without_orgnr":
        responsible = fields.text(
            found,
            given.get("responsible_person"),
            f"{IDENTITY}/responsible_person",
            missing="responsible_person_required",
            long="name_too_long",
        )
    number = _read_number(found, given, kind, today, channel)
    if number is None or kind is None:
        return None
    return Identity(kind, number, responsible)  # type: ignore[arg-type]  # kind is one of IdentityKind's own


def _read_number(
    found: Findings, given: Mapping[str, Any], kind: str | None, today: date, channel: Channel
) -> IdentityNumber | None:
    number, encrypted = given.get("number"), given.get("number_jwe")
    if number is not None and encrypted is not None:
        found.add(IDENTITY, "identity_conflict")
    elif encrypted is not None:
        return _read_encrypted(found, encrypted, kind, today)
    elif number is None or number == "":
        found.add(NUMBER, "identity_required")
    elif not isinstance(number, str) or len(number) > LONGEST_NUMBER:
        found.add(NUMBER, "invalid_value")
    elif kind is not None and kind != "organisation" and channel == "event":
        found.add(NUMBER, "identity_must_be_encrypted")
    elif kind is not None:
        return _number_of(found, kind, number, today, NUMBER)
    return None


def _read_encrypted(found: Findings, encrypted: Any, kind: str | None, today: date) -> IdentityNumber | None:
    """An event's number was opened where it was read; a person sends theirs over TLS, and has no key to encrypt to."""
    if not isinstance(encrypted, DecryptedNumber):
        found.add(ENCRYPTED, UNDECRYPTABLE)
    elif encrypted.number is None:
        found.add(ENCRYPTED, encrypted.code or UNDECRYPTABLE)
    elif len(encrypted.number) > LONGEST_NUMBER:
        found.add(ENCRYPTED, "invalid_value")
    elif kind is not None:
        return _number_of(found, kind, encrypted.number, today, ENCRYPTED)
    return None


def _number_of(found: Findings, kind: str, number: str, today: date, pointer: str) -> IdentityNumber | None:
    try:
        return organisation_number(number, today) if kind == "organisation" else personal_number(number, today)
    except NumberInvalid as invalid:
        found.add(pointer, invalid.code)
        return None


def read_address(found: Findings, value: Any) -> Address | None:
    """Street, postal code, city and country; Sweden where no country is given."""
    given = fields.obj(found, value, ADDRESS)
    if given is None:
        return None
    street = fields.text(found, given.get("street"), f"{ADDRESS}/street")
    city = fields.text(found, given.get("city"), f"{ADDRESS}/city")
    country = _read_country(found, given.get("country"))
    postal_code = _read_postal_code(found, given.get("postal_code"), country)
    if street is None or city is None or country is None or postal_code is None:
        return None
    return Address(street, postal_code, city, country)


def _read_country(found: Findings, value: Any) -> str | None:
    if value is None:
        return "SE"
    if isinstance(value, str) and _COUNTRY.fullmatch(value.strip().upper()):
        return value.strip().upper()
    found.add(f"{ADDRESS}/country", "invalid_choice", COUNTRIES)
    return None


def _read_postal_code(found: Findings, value: Any, country: str | None) -> str | None:
    pointer = f"{ADDRESS}/postal_code"
    code = fields.text(found, value, pointer, longest=20)
    if code is None or country != "SE":
        return code
    if not _SWEDISH_POSTAL_CODE.fullmatch(code):
        found.add(pointer, "invalid_postal_code")
        return None
    return code.replace(" ", "")
