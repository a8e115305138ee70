"""The lab's report: every experiment with claim, verdict, tables, pictures, settings and definitions, as one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from lotwise.reports.amounts import plain
from lotwise.reports.pages import rendered

__all__ = ["ExperimentPage", "lab_page"]

_TAGS = {"reproduced": "fine", "reproduced in part": "warning", "not reproduced": "error"}
# Letters of a text of several sentences.
_MOST = 4_000
# Letters of a cell that holds a figure.
_LONGEST = 26


class ExperimentPage(NamedTuple):
    """An experiment as it is told; `tables` have title, columns, rows and note, `pictures` svg and words."""

    name: str
    title: str
    claim: str
    source: str
    rule: str
    definitions: Sequence[tuple[str, str]]
    verdict: str
    because: str
    market: str
    size: str
    seed: int
    version: str
    settings: Sequence[tuple[str, str]]
    tables: Sequence[Mapping[str, Any]]
    pictures: Sequence[Mapping[str, Any]]


def lab_page(experiments: Sequence[ExperimentPage]) -> str:
    """Write the page."""
    drawn = [
        [{"svg": Markup(picture["svg"]), "words": picture["words"]} for picture in each.pictures]  # noqa: S704 - pictures escape their words
        for each in experiments
    ]
    counts = {verdict: sum(each.verdict == verdict for each in experiments) for verdict in _TAGS}
    return rendered(
        "lab.html",
        experiments=list(zip(experiments, drawn, strict=True)),
        counts=counts,
        tags=_TAGS,
        kinds=_kinds_of,
        whole=_whole,
    )


def _kinds_of(table: Mapping[str, Any]) -> list[str]:
    """How each column is set: "n" figures, "words" text that may go over several lines; the first names its rows."""
    columns = [[row[place] for row in table["rows"]] for place in range(len(table["columns"]))]
    long = [any(len(cell) > _LONGEST for cell in column) for column in columns]
    return ["", *("words" if each else "n" for each in long[1:])]


def _whole(text: str) -> Markup:
    """A text of several sentences, escaped and not cut where other texts of pages are."""
    return escape(plain(text, _MOST))
