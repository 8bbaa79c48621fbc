"""Names as mails and bells show them: what others chose does not turn the letters around it."""

_TURNING = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""The characters that set the direction of writing (UAX #9): with them a name can make other words look otherwise."""


def shown(name: str) -> str:
    """The name without characters that only set the direction."""
    return name.translate(_TURNING)
