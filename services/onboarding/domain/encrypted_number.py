"""A number that a source encrypted for one request of its own: what was found in it, or why it does not count."""

from dataclasses import dataclass, field

import orjson

UNDECRYPTABLE = "identity_undecryptable"
NOT_FOR_THIS_REQUEST = "identity_not_for_this_request"


@dataclass(frozen=True, slots=True)
class DecryptedNumber:
    """What stands in the place of `number_jwe` once it was opened: the number as its sender wrote it, or a code.

    `sent` is what came, where it cannot be opened: only then do its letters tell two requests apart.
    """

    number: str | None = field(default=None, repr=False)
    code: str | None = None
    sent: str | None = field(default=None, repr=False)


def undecryptable(sent: str) -> DecryptedNumber:
    return DecryptedNumber(code=UNDECRYPTABLE, sent=sent)


def read_payload(payload: bytes, source: str, request_id: str, sent: str) -> DecryptedNumber:
    """The number in an opened payload `{number, source, id}`, which must name the very request it came with."""
    try:
        content = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return undecryptable(sent)
    if not isinstance(content, dict) or not isinstance(content.get("number"), str):
        return undecryptable(sent)
    if (content.get("source"), content.get("id")) != (source, request_id):
        return DecryptedNumber(code=NOT_FOR_THIS_REQUEST, sent=sent)
    return DecryptedNumber(number=content["number"])
