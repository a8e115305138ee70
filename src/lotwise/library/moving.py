"""A prospect's move as a program asks for it: a file or table of lots, a firm folder, a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypedDict, Unpack

import polars as pl

from lotwise.interchange.prospect_file.as_firm import Prospect
from lotwise.interchange.prospect_file.assuming import Assuming, Holding
from lotwise.interchange.results import findings_table
from lotwise.library.asking import day_asked, told_once, words_of
from lotwise.library.frames import Table, frame_of
from lotwise.library.paper import Paper
from lotwise.money import DOLLAR
from lotwise.nightly.transition import Asked, transition_of
from lotwise.nightly.transition_document import FORMATS, proposal_document, proposal_files, theme_of
from lotwise.nightly.transition_writing import write_transition
from lotwise.nightly.transition_years import Future
from lotwise.prospects.transition import Transition
from lotwise.reports import notebook
from lotwise.reports.amounts import dollars, percent
from lotwise.reports.documents.theme import Theme
from lotwise.reports.transition import transition_summary, years_in_words
from lotwise.reports.transition_tables import (
    budgets_frame,
    choices_frame,
    legacy_frame,
    plan_frame,
    transition_json,
    years_frame,
)

__all__ = ["Moving", "TaxFacts", "transition"]


class TaxFacts(TypedDict, total=False):
    """What is known of a prospect's taxes: rates, or income with status and state; columns of households.csv."""

    federal_short_rate: float
    federal_long_rate: float
    state_rate: float
    ordinary_income: float
    filing_status: str
    state: str
    short_carryforward: float
    long_carryforward: float


class Moving:
    """A prospect's move to a model, made by `transition`. `as_found` is the same as one frozen object."""

    __slots__ = ("_theme", "as_found")

    def __init__(self, found: Transition, theme: Theme) -> None:
        """Take what was found, and the look of the firm's documents."""
        self.as_found = found
        self._theme = theme

    @property
    def choices(self) -> pl.DataFrame:
        """Do nothing, the frontier from far to near, sell everything: one row each, dollars and fractions."""
        return choices_frame(self.as_found)

    @property
    def recommended(self) -> dict[str, object]:
        """The row of `choices` that is recommended."""
        return self.choices.filter(pl.col("choice") == "recommended").row(0, named=True)

    @property
    def plan(self) -> pl.DataFrame:
        """What the recommended move trades: one row a sale of a lot, or a purchase."""
        return plan_frame(self.as_found)

    @property
    def years(self) -> pl.DataFrame:
        """One row per yearly budget of tax: years and tax in all at 10%, 50% and 90% of the simulated paths."""
        return budgets_frame(self.as_found)

    @property
    def by_year(self) -> pl.DataFrame:
        """One row per budget and year: what part of the paths is complete, tax and tracking at 10%, 50% and 90%."""
        return years_frame(self.as_found)

    @property
    def legacy(self) -> pl.DataFrame:
        """What is held and is not in the target, and the part of it that the recommended point keeps."""
        return legacy_frame(self.as_found)

    @property
    def findings(self) -> pl.DataFrame:
        """Every doubt about the file, what is asked for, and what was assumed."""
        return findings_table(self.as_found.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the recommended point, and when a move pays."""
        return (*self.as_found.reasons, *self.as_found.advice)

    @property
    def keep(self) -> str:
        """Why to keep what one has; '' where the recommended move pays."""
        return self.as_found.keep

    def document(self, name: str = "") -> Paper:
        """The proposal that a prospect is handed, in the firm's look; `name` is what it calls the prospect."""
        return Paper(proposal_document(self.as_found, name), self._theme)

    def write(self, folder: str | Path, *, formats: Sequence[Literal["pdf", "html"]] = FORMATS, name: str = "") -> Path:
        """Write proposal, JSON and tables into a folder, the same files as `lotwise transition --out`, and return it.

        Raises PressError for PDF without typst.
        """
        files = proposal_files(self.as_found, self._theme, tuple(formats), name)
        write_transition(Path(folder), self.as_found, files)
        return Path(folder)

    def to_json(self) -> str:
        """Everything as JSON."""
        return transition_json(self.as_found)

    def __repr__(self) -> str:
        return words_of(transition_summary(self.as_found))

    def _repr_html_(self) -> str:
        found, best = self.as_found, self.as_found.recommended
        tiles = {
            "value": dollars(found.value / DOLLAR),
            "tax, recommended": dollars(best.tax / DOLLAR),
            "tax, selling everything": dollars(found.liquidate.tax / DOLLAR),
            "tracking": f"{percent(found.nothing.tracking)} → {percent(best.tracking)}",
            "pays in": years_in_words(best.break_even),
        }
        parts = [notebook.heading(f"{found.file} to {found.model}, {found.as_of}"), notebook.tiles(tiles)]
        parts += [notebook.paragraph(line) for line in self.reasons]
        parts += [notebook.table(self.choices, 12), notebook.table(self.years, 8)]
        return notebook.block(parts)


def transition(
    lots: str | Path | Table,
    *,
    firm: str | Path,
    model: str,
    profile: str = "",
    cash: float = 0.0,
    assume_basis: float = 0.5,
    assume_date: Literal["long", "short"] = "long",
    budgets: Sequence[float] = (),
    horizon: float = 5.0,
    future: Future | None = None,
    as_of: date | str | None = None,
    **tax: Unpack[TaxFacts],
) -> Moving:
    """Work out what moving a prospect's lots to a model of a firm costs, and how long it takes under yearly budgets.

    `lots` is a file as it comes, or a table with its columns; `firm` is a firm folder, whose households do not matter;
    `budgets` are dollars of tax a year. Raises FolderError where nothing can be done, ValueError for what cannot be.
    """
    amounts = tuple(round(Decimal(str(budget)) * DOLLAR) for budget in budgets)
    cells = {name: str(value) for name, value in tax.items() if value is not None}
    asked = Asked(
        Prospect(model, profile, round(Decimal(str(cash)) * DOLLAR), cells),
        day_asked(as_of),
        Assuming(assume_basis, Holding(assume_date)),
        horizon=horizon,
        budgets=amounts,
        future=future or Future(),
    )
    with told_once():
        if isinstance(lots, str | Path):
            return _moving(transition_of(Path(lots), Path(firm), asked), Path(firm))
        with TemporaryDirectory(prefix="lotwise-") as name:
            file = Path(name) / "lots.csv"
            frame_of("lots", lots).write_csv(file)
            return _moving(transition_of(file, Path(firm), asked), Path(firm))


def _moving(found: Transition, firm: Path) -> Moving:
    """With the firm's look; a logo is not tried, which needs typst."""
    theme, wrong = theme_of(firm, found.firm, ("html",))
    return Moving(replace(found, findings=(*found.findings, *wrong)), theme)
