"""The mails as they were agreed, each in a file: `python -m tests.unit.notifier.mails.golden`."""

from collections.abc import Iterator
from pathlib import Path

from schemas.values import Locale
from services.notifier.rendering import render
from services.notifier.samples import TEMPLATES, sample, sample_links

GOLDEN = Path(__file__).with_name("golden")
CONSOLE = "https://console.example"
LOCALES: tuple[Locale, ...] = ("sv", "en")


def rendered() -> Iterator[tuple[str, str]]:
    """(name of the file, what it holds) of every mail; the text begins with the subject."""
    for template in TEMPLATES:
        for locale in LOCALES:
            mail = render(sample(template, locale), sample_links(CONSOLE))
            yield f"{template}.{locale}.txt", f"{mail.subject}\n\n{mail.text}"
            yield f"{template}.{locale}.html", mail.html


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    for name, content in rendered():
        (GOLDEN / name).write_text(content, encoding="utf-8")
