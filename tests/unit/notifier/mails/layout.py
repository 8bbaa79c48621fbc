"""Compiles the layout of mails from MJML: `python -m tests.unit.notifier.mails.layout`."""

import re

import mrml

from services.notifier.rendering import TEMPLATES

SOURCE, COMPILED = TEMPLATES / "layout.mjml", TEMPLATES / "layout.html"

_BEGINS = re.compile(r"(?<!^)(?=<(?:table|tbody|tr|td|div|style|title|meta|head|body)\b)", re.MULTILINE)


def compiled() -> str:
    """One tag of the structure a line, so that a change can be read."""
    return _BEGINS.sub("\n", mrml.to_html(SOURCE.read_text(encoding="utf-8")).content) + "\n"


if __name__ == "__main__":
    COMPILED.write_text(compiled(), encoding="utf-8")
