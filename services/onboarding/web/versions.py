"""The version that a change was made on: ETag and If-Match."""

import re
from typing import Annotated

from fastapi import Header

from schemas.errors import Refused

IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that the reading gave")]


class IfMatchRequired(Refused):
    """A change must say which version it was made on."""

    code = "if_match_required"


def etag(version: int) -> dict[str, str]:
    """The header that tells a version."""
    return {"ETag": f'"{version}"'}


def seen_version(if_match: str | None) -> int:
    """The version that an If-Match names; one that none can be is stale. Raises IfMatchRequired."""
    if if_match is None:
        raise IfMatchRequired
    found = re.fullmatch(r'"(\d{1,18})"', if_match.strip())
    return int(found[1]) if found else -1


def perhaps_seen(if_match: str | None) -> int | None:
    """As `seen_version`, where a caller may also leave it out."""
    return None if if_match is None else seen_version(if_match)
