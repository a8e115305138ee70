"""What an experiment is: a claim with its source, definitions, settings, what came out, and a verdict.

The rule by which the verdict is given is part of the experiment and stands beside it: it was written before the data
that it judges were looked at. Every figure is one of the table, under a definition that is printed with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.recording import Lived
from lotwise.lab.market_panel import MarketPanel

__all__ = ["Experiment", "Finding", "Life", "Living", "Picture", "Setting", "Size", "Table", "Verdict"]


class Size(StrEnum):
    """How much is lived: minutes, or what the documentation shows."""

    QUICK = "quick"
    FULL = "full"


class Verdict(StrEnum):
    """What became of a claim."""

    REPRODUCED = "reproduced"
    IN_PART = "reproduced in part"
    NOT = "not reproduced"


class Table(NamedTuple):
    """A table as it is printed."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Picture(NamedTuple):
    """A picture as SVG text, and the words below it."""

    svg: str
    words: str


class Life(NamedTuple):
    """A cohort that was lived for an experiment: its results are written beside the finding."""

    name: str
    cohort: Cohort
    lived: Lived


class Living(Protocol):
    """Lives a cohort under a name of its own, with progress, checkpoints and the market's risk models."""

    def __call__(self, name: str, cohort: Cohort, last: int | None = None) -> Lived:
        """Live it to a row of the market; None: to the market's last day."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What an experiment is run on."""

    panel: MarketPanel
    size: Size
    seed: int
    live: Living

    @property
    def full(self) -> bool:
        """Whether everything is asked for."""
        return self.size is Size.FULL


class Finding(NamedTuple):
    """What came out."""

    verdict: Verdict
    because: str  # a sentence or two: why the figure is as it is, or what stands in the way
    settings: tuple[tuple[str, str], ...]  # name, value in words
    tables: tuple[Table, ...]
    pictures: tuple[Picture, ...]
    figures: dict[str, float]  # every figure that the verdict looks at, by a stable name
    lives: tuple[Life, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """A claim of the field, and how it is rerun."""

    name: str
    title: str
    claim: str  # the published figures
    source: str
    rule: str  # when it counts as reproduced, in part, or not
    definitions: tuple[tuple[str, str], ...]
    run: Callable[[Setting], Finding]
