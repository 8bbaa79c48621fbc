"""What the history calls the acts, and what each means."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

MEANINGS: Mapping[str, str] = {
    "activate": "the arrow",
    "confirm_kyc": "said that the agency knows the client",
    "cancel": "took the client out of the list, asked for through onboarding",
    "save": "a Save of the matrix",
    "invite": "added a user",
    "resend": "sent an invitation again",
    "withdraw": "took an invitation back",
    "accept": "came in by an invitation",
    "edit": "changed a user's name, address, language or state",
    "disable": "disabled a user, who then holds nothing",
    "enable": "let a disabled user in again",
    "remove": "removed a user",
    "order": "ordered licences",
    "reduce": "reduced licences, or has them reduced on a day",
    "cancel_reduction": "took back a reduction that waited",
    "change_licences": "other licences, asked for through onboarding",
    "set_program_access": "turned the client's programs on or off",
    "link": "said which consultants are linked",
    "reassign": "said who answers for the client",
    "hand_over": "handed a consultant's clients to another",
    "release": "let go of a consultant who leaves the agency",
    "request_disconnection": "asked for agency and client to part",
    "approve_disconnection": "agreed to that",
    "withdraw_disconnection": "took that wish back",
    "request_restoration": "an operator asked for an administrator in a locked-out client",
    "confirm_restoration": "a second operator confirmed it",
    "due": "nobody: what fell due, such as a grant that ended or an invitation that ran out",
}

EXPLAINED = "; ".join(f"`{name}`: {meaning}" for name, meaning in MEANINGS.items())


def _known(name: str) -> str:
    if name not in MEANINGS:
        raise PydanticCustomError("enum", "no act", {"expected": ", ".join(map(repr, MEANINGS))})
    return name


ActName = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(MEANINGS)})]
"""One of the acts."""
