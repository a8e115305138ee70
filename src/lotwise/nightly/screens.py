"""The screens of a firm folder: each household's, and for one household what each of them costs tonight."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lotwise.interchange.firm_folder import Firm, read_firm
from lotwise.nightly.run import Watch, household_row, prepared_firm
from lotwise.rebalancing.cash_split import with_split_cash
from lotwise.rebalancing.netting import netted_household
from lotwise.rebalancing.screen_costs import Restricted, barred, prices_of_rules, restricted
from lotwise.reports.screens import ScreenLine

__all__ = ["listed_screens", "priced_screens"]

_TOGETHER = "all of them"


def _line(firm: Firm, household: int, one: Restricted) -> ScreenLine:
    return ScreenLine(
        str(firm.labels.households[household]),
        bool(firm.book.households.blocked[household]),
        one.name,
        tuple(firm.labels.restrictions[source] for source in one.sources),
        barred(firm.book, household, one.sources),
    )


def listed_screens(folder: Path, as_of: date | None, scope: str, watch: Watch) -> tuple[Firm, list[ScreenLine]]:
    """Read a firm folder and list what its households restrict: one scope, or everything ('')."""
    with watch.phase("read"):
        firm = read_firm(folder, as_of)
    return firm, [
        _line(firm, household, one)
        for household in range(len(firm.labels.households))
        for one in restricted(firm.book, firm.labels, household, scope)
    ]


def priced_screens(
    folder: Path, as_of: date | None, household: str, scope: str, watch: Watch
) -> tuple[Firm, list[ScreenLine]]:
    """Price what one household restricts: each by itself and, where there are several, all of them together.

    With all of them its night is the one of the nightly run; without one it is solved at the rates of that night.
    Raises ValueError for a household that the folder does not have.
    """
    # All of the firm, not the household alone: what a spouse's household trades bars things in this one.
    firm, _ = prepared_firm(folder, as_of, None, watch)
    row = household_row(household, firm.labels.households.tolist())
    found = list(restricted(firm.book, firm.labels, row, scope))
    if len(found) > 1:
        found.append(Restricted(_TOGETHER, tuple(sorted(source for one in found for source in one.sources))))
    with watch.phase("solve"):
        book = with_split_cash(firm.book, firm.market)
        book = netted_household(book, firm.market, row) if found else book
        prices = prices_of_rules(book, firm.market, row, [one.sources for one in found])
    return firm, [_line(firm, row, one)._replace(price=price) for one, price in zip(found, prices, strict=True)]
