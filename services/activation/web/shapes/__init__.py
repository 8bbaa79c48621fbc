"""The shapes of what the routes answer, for their document; nothing is validated against them when it is sent."""

from typing import Any


def _etag(description: str, *, required: bool = True) -> dict[str, Any]:
    header = {"description": description, "schema": {"type": "string"}, "required": required}
    return {"headers": {"ETag": header}}


ETAG = _etag("the access version, for the `If-Match` of a Save")
ETAG_UNLESS_DRY = _etag("the access version, for the `If-Match` of a Save; not of a dry run", required=False)
ETAG_OF_WHAT_IS_TOLD = _etag("of all that is told, for `If-None-Match`")
"""What a response has that says its version."""
