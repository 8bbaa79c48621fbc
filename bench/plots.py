"""Plots as SVG, written by hand: bars with the range of their rounds, on a light or a dark page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 760, 230, 110, 20, 12, 44
STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#333}.t{font-weight:600;font-size:14px}.b{fill:#7a8fa6}.o{fill:#1d6fb8}
.r{stroke:#333;stroke-width:1.5}.v{fill:#888}
@media(prefers-color-scheme:dark){text{fill:#ddd}.r{stroke:#ddd}.b{fill:#5c7086}.o{fill:#4f9fe0}}
</style>"""


@dataclass(frozen=True)
class Bar:
    """A value with its least and largest, its text, and whether it is ours."""

    label: str
    value: float
    least: float
    largest: float
    text: str
    ours: bool = False


def bars(title: str, values: Sequence[Bar]) -> str:
    """Horizontal bars from zero; a line on each spans the rounds."""
    top = max((bar.largest for bar in values), default=1.0) or 1.0
    height = TOP + len(values) * (BAR + GAP) + 8
    scale = (WIDTH - LEFT - RIGHT) / top
    frame = f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        STYLE,
        f'<text class="t" x="8" y="22">{escape(title)}</text>',
    ]
    for number, bar in enumerate(values):
        y = TOP + number * (BAR + GAP)
        middle = y + BAR / 2
        end = LEFT + bar.value * scale
        least, largest = LEFT + bar.least * scale, LEFT + bar.largest * scale
        lines += [
            f'<text x="{LEFT - 8}" y="{middle + 4.5}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{"o" if bar.ours else "b"}" x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}"/>',
            f'<line class="r" x1="{least:.1f}" x2="{largest:.1f}" y1="{middle}" y2="{middle}"/>',
            f'<text x="{max(end, largest) + 6:.1f}" y="{middle + 4.5}">{escape(bar.text)}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
