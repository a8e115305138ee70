"""Widths of the columns of a dense table: hundreds of rows are set in half the time when these are known.

Widths are those of the bundled font, in thousandths of its size, with digits all of one width as tables have them.
The wide column takes the room that is left, and its texts are cut to fit: rows of a dense table have one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

from lotwise.reports.documents.blocks import Column, Row

__all__ = ["fitted", "text_width", "widths_of"]

# Inter SemiBold, from blank to tilde; the wider of the two weights that documents are set in.
_FIRST = 32
_ADVANCES = (
    252, 321, 523, 644, 663, 1004, 663, 326, 373, 373, 540, 673, 319, 465, 319, 379,
    648, 648, 648, 648, 648, 648, 648, 648, 648, 648, 319, 329, 673, 673, 673, 543,
    999, 728, 659, 737, 722, 605, 588, 749, 746, 277, 580, 703, 565, 922, 759, 769,
    645, 773, 652, 650, 660, 736, 728, 1020, 720, 713, 652, 373, 379, 373, 481, 469,
    351, 574, 624, 583, 624, 591, 389, 625, 612, 262, 262, 569, 262, 900, 612, 609,
    624, 624, 397, 549, 353, 612, 587, 839, 569, 588, 566, 455, 359, 455, 673,
)  # fmt: skip
_OTHER, _FULL = 740, 1020  # letters beyond ASCII; those as wide as they are high
_NARROWEST = 30.0  # of the wide column, points


def text_width(text: str, size: float) -> float:
    """Width of a text at a size, in the unit of the size; rather too wide than too narrow."""
    total = 0
    for letter in text:
        place = ord(letter) - _FIRST
        if 0 <= place < len(_ADVANCES):
            total += _ADVANCES[place]
        else:
            total += _FULL if east_asian_width(letter) in "WF" else _OTHER
    return total * size / 1000


def widths_of(columns: Sequence[Column], rows: Sequence[Row], size: float, inset: float, room: float) -> list[float]:
    """Widths in points of all columns, `inset` on either side of their texts included."""
    widths = [1.04 * text_width(column.title, size) + (4.0 if column.note else 0.0) for column in columns]
    for place, column in enumerate(columns):
        if not column.wide:
            cells = {row.cells[place] for row in rows}
            # The longest in letters is nearly the widest: a twentieth more is room for what is wider.
            longest = sorted(cells, key=len, reverse=True)[:40]
            widths[place] = max([widths[place], *(text_width(cell, size) for cell in longest)])
    widths = [width + 2 * inset for width in widths]
    wide = [place for place, column in enumerate(columns) if column.wide]
    taken = sum(width for place, width in enumerate(widths) if place not in wide)
    for place in wide:
        widths[place] = max((room - taken) / len(wide), _NARROWEST)
    return widths


def fitted(text: str, room: float, size: float) -> str:
    """Cut a text to a width, with an ellipsis where it is cut."""
    if text_width(text, size) <= room:
        return text
    kept = text
    while kept and text_width(kept + "\u2026", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "\u2026"
