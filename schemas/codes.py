"""The page of all codes, codes.md, made from the error texts."""

from collections.abc import Iterable

from schemas.errors import ErrorText

HEAD = """# Every code

Made from `schemas/error_texts/` by `python -m schemas.generate`. A code is stable, its texts are not. `status` is that
over HTTP; *again*: the same thing sent again later, unchanged, may succeed. In `rejected` events the same codes stand.

| code | status | again | said by | English | Swedish |
|---|---|---|---|---|---|
"""


def codes_page(texts: Iterable[ErrorText]) -> str:
    """One line a code, in the order of the alphabet, so that two who add codes are not in each other's way."""
    return HEAD + "".join(_line(each) for each in sorted(texts, key=lambda each: each.code))


def _line(text: ErrorText) -> str:
    again = "yes" if text.retryable else ""
    cells = (f"`{text.code}`", str(text.status), again, ", ".join(text.owners), text.detail_en, text.detail_sv)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
