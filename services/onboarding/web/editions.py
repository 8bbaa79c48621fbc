"""The edition of a client or a draft in a request and its answer: `ETag` and `If-Match`."""

import re
from typing import Annotated

from fastapi import Header

from schemas.errors import Pointed, Refused

IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that the reading gave")]


class IfMatchRequired(Refused):
    """A change must say which edition it has seen."""

    code = "if_match_required"


class IfMatchMalformed(Refused):
    """The If-Match is no ETag that a reading gave."""

    code = "if_match_malformed"


def seen_edition(if_match: str | None) -> int:
    """The edition that an If-Match names. Raises IfMatchRequired, IfMatchMalformed."""
    if if_match is None:
        raise IfMatchRequired
    found = re.fullmatch(r'(?:W/)?"([0-9]{1,18})"', if_match.strip())
    if found is None:
        raise IfMatchMalformed([Pointed("/If-Match", IfMatchMalformed.code, "header")])
    return int(found[1])


def perhaps_seen(if_match: str | None) -> int | None:
    """As `seen_edition`, where a caller may also leave it out."""
    return None if if_match is None else seen_edition(if_match)


def etag(edition: int) -> dict[str, str]:
    """The header that names an edition."""
    return {"ETag": f'"{edition}"'}
