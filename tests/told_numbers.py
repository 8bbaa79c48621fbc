"""Whether a text tells a personal number: whole, however it is written, or by its last four digits."""

import re


def tells_number(text: str, number: str = "811218-9876") -> bool:
    """Digits of an id or of a moment tell nothing: they go on, before or behind."""
    day, last = number.split("-")
    whole = r"\D{0,3}".join((*re.findall("..", day), last))
    return re.search(rf"{whole}|(?<![0-9a-f])(?<![0-9a-f]-){last}(?![0-9a-f]|-[0-9a-f])", text) is not None
