"""A mail's HTML as a reader has it: its words, and each with its colour on the colour behind it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br", "img", "link", "hr", "input"}
_SILENT = {"style", "title", "script"}
_COLOURS = re.compile(r"(?:^|;)\s*(background-color|background|color)\s*:\s*([^;]+)")


@dataclass(frozen=True)
class Word:
    """A piece of text; colours as #rrggbb."""

    text: str
    colour: str
    behind: str


@dataclass
class Page(HTMLParser):
    """What was read: tags with their attributes, and the text."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    _open: list[tuple[str, str, str]] = field(default_factory=lambda: [("", "#000000", "#ffffff")])

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag not in _VOID:
            _, colour, behind = self._open[-1]
            style: dict[str, str] = dict(_COLOURS.findall(given.get("style", "")))
            behind = style.get("background-color", style.get("background", given.get("bgcolor", behind))).strip()
            self._open.append((tag, style.get("color", colour).strip(), behind))

    def handle_endtag(self, tag: str) -> None:
        while self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, colour, behind = self._open[-1]
        if data.strip() and tag not in _SILENT:
            self.words.append(Word(" ".join(data.split()), colour, behind))

    def attributes(self, name: str) -> Iterator[str]:
        return (given[name] for _, given in self.tags if name in given)

    @property
    def text(self) -> str:
        return "\n".join(each.text for each in self.words)


def read(html: str) -> Page:
    """The page of a whole document."""
    page = Page()
    page.feed(html)
    page.close()
    return page


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
