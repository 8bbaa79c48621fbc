"""A new client as the rule book has accepted it: the values of the three steps, and what stands beside them."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.values import Access, Administrator, IdentityKind, Locale
from services.onboarding.domain.identity_numbers import IdentityNumber

Channel = Literal["http", "event"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the client is: an organisation, or a person's number that the vault keeps."""

    kind: IdentityKind
    number: IdentityNumber
    responsible_person: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where the client is. Stays in onboarding's own table."""

    street: str
    postal_code: str
    city: str
    country: str


@dataclass(frozen=True, slots=True)
class Details:
    """Step 2."""

    name: str
    identity: Identity
    protected_identity: bool
    address: Address | None


@dataclass(frozen=True, slots=True)
class Licences:
    """Step 3. `counts` has only what is ordered."""

    counts: Mapping[str, int]
    confirmation_email: str


@dataclass(frozen=True, slots=True)
class NewClient:
    """The three steps together. `locale` is None where the agency's own shall be used."""

    access: Access
    details: Details
    licences: Licences
    external_ref: str | None
    responsible_consultant: str | None
    locale: Locale | None
    confirm_duplicate: bool
    connected: bool
    administrators: tuple[Administrator, ...] | None


def name_key(name: str) -> str:
    """What two spellings of the same name share: compatibility form, case folded, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
