"""JSON Merge Patch (RFC 7396): what is named is set, null takes away, what is not named stays."""

from collections.abc import Mapping
from typing import Any

DEEPEST = 4  # no document of ours is deeper, and a patch may be as deep as its sender likes


def merged(document: Any, patch: Any, depth: int = DEEPEST) -> Any:
    """The document with the patch; neither is changed. Below the depth a value is taken as it is."""
    if not isinstance(patch, Mapping) or depth == 0:
        return patch
    result = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value, depth - 1)
    return result
