"""The look of every picture: palette, fonts, scales, and the few SVG elements that the charts are made of.

Colours are from the palette of Okabe and Ito (2008), which stays distinct under every common colour
blindness and in print. Everything is an attribute of its element (no style sheet, no script): the same
string serves an HTML page, a PDF and a file of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from lotwise.reports.amounts import plain

__all__ = [
    "BLUE",
    "FAINT",
    "FONT",
    "GREEN",
    "GREY",
    "INK",
    "MUTED",
    "ORANGE",
    "YELLOW",
    "Scale",
    "document",
    "label",
    "line",
    "ticks",
]

INK = "#1b2733"
MUTED = "#56636f"
FAINT = "#dde3e8"
GREY = "#9aa5af"
BLUE = "#0072b2"
ORANGE = "#d55e00"
YELLOW = "#e69f00"
GREEN = "#009e73"

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map of a range of data to a range of the picture; the data outside goes to its edge."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """Round numbers that cover [low, high]: steps of 1, 2 or 5 times a power of ten, `about` of them.

    The first is at most `low`, the last at least `high`. A range of no length is widened to one step.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or low > high:
        raise ValueError(f"the range must be finite and ascending, was {low} to {high}")
    span = high - low
    if span <= max(abs(low), abs(high), 1e-3) * 1e-9:
        span = max(abs(low), 1e-12)
    raw = span / max(about, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(number * step for number in range(first, max(last, first + 1) + 1))


def number(value: float) -> str:
    """Coordinate with a tenth of a unit: finer is invisible and makes the page heavy."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def line(x_1: float, y_1: float, x_2: float, y_2: float, *, stroke: str = FAINT, width: float = 1) -> str:
    """Draw a straight line."""
    return (
        f'<line x1="{number(x_1)}" y1="{number(y_1)}" x2="{number(x_2)}" y2="{number(y_2)}"'
        f' stroke="{stroke}" stroke-width="{number(width)}"/>'
    )


def label(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = MUTED,
    size: float = 12,
    bold: bool = False,
) -> str:
    """Write a text; anything in it that could be markup is escaped."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" fill="{fill}"'
        f' font-size="{number(size)}"{weight}>{escape(plain(text))}</text>'
    )


def document(width: float, height: float, title: str, parts: list[str], *, stretched: bool = False) -> str:
    """Put the parts into one SVG element that scales with its place and has words for a screen reader.

    A stretched picture fills its place whatever the proportions (no text in it, then).
    """
    words = escape(plain(title), quote=True)
    shape = ' preserveAspectRatio="none"' if stretched else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}"'
        f' width="100%"{shape}'
        f' role="img" aria-label="{words}" font-family="{escape(FONT, quote=True)}">'
        f"<title>{words}</title>{''.join(parts)}</svg>"
    )
