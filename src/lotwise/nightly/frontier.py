"""The tax/tracking frontier of one household of a firm folder, and one of its points by its true tax."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np

from lotwise.interchange.firm_folder import Firm
from lotwise.nightly.run import Watch, household_row, prepared_firm
from lotwise.rebalancing.cash_split import with_split_cash
from lotwise.rebalancing.frontier import Frontier, tax_tracking_frontier
from lotwise.rebalancing.frontier_refined import RefinedPoint, refined_point

__all__ = ["frontier_of"]


def frontier_of(
    folder: Path, as_of: date | None, household: str, points: int, watch: Watch, near: float | None = None
) -> tuple[Firm, tuple[Frontier, RefinedPoint] | ValueError]:
    """Read a firm folder and draw up one household's frontier, or say why it has none: its findings come first.

    With it comes one of its points by its true tax: the one at the price of tracking nearest to `near`, or the one that
    the profile chose.

    Raises FolderError where nothing can be done with the folder, ValueError for a household that it does not have.
    """
    # All of the firm, not the household alone: what a spouse's household sold or bought bars things in this one.
    firm, _ = prepared_firm(folder, as_of, None, watch)
    row = household_row(household, firm.labels.households.tolist())
    with watch.phase("solve"):
        try:
            book = with_split_cash(firm.book, firm.market, row, row + 1)
            found = tax_tracking_frontier(book, firm.market, row, points)
            point = None if near is None else int(np.argmin(np.abs(np.log(found.risk_price / near))))
            return firm, (found, refined_point(book, firm.market, found, point))
        except ValueError as error:
            return firm, error
