"""Entity tags (RFC 9110 §8.8): whether what a caller has is what there is."""


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether an If-None-Match names this tag: one of a list, a weak one too, or `*`, which is whatever there is."""
    if if_none_match is None:
        return False
    named = [each.strip() for each in if_none_match.split(",")]
    return named == ["*"] or etag in {each.removeprefix("W/") for each in named}
