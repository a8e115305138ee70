"""How many years a move takes under yearly budgets of tax: simulated prices, and the nightly engine once a year.

Each path of prices is the same for every budget. Once a year every path is solved as a night would be, by its true tax
and within its budget; it is complete when tracking is near enough. What no trades keep within the budget trades nothing
that year. Taxes are paid from other money, the law stays that of this year, shares need not be whole and no trade is
too small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number, to_day_number
from lotwise.interchange.firm_folder import Firm
from lotwise.interchange.firm_folder.tax_positions import rates_tonight
from lotwise.ledger.events import Table
from lotwise.money import DOLLAR, IntArray
from lotwise.nightly.engines import net_in_threads
from lotwise.nightly.run import Watch
from lotwise.prospects.growth import growth_factors
from lotwise.prospects.runs import Runs, after_trades, begun, book_of, chosen_runs, grown, next_year
from lotwise.prospects.transition import BudgetYears
from lotwise.rebalancing.book import AccountKind, Book, Policies
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.proposal import Proposals, Side, Status
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.securities.market import Market

__all__ = ["Future", "years_under_budgets"]

Bools = NDArray[np.bool_]

_ROOM = DOLLAR // 100  # by which a budget may be missed: the cent that an amount is rounded to


@dataclass(frozen=True, slots=True)
class Future:
    """What is simulated."""

    paths: int = 50
    years: int = 10  # at most
    seed: int = 1
    drift: float = 0.05  # by which every price grows a year, on average
    near: float | None = None  # tracking error at which the move is complete; None = a tenth above the recommended

    def __post_init__(self) -> None:
        for name, low, high in (("paths", 1, 10_000), ("years", 1, 100), ("drift", -0.9, 1.0)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, was {value}")
        if self.near is not None and not self.near > 0:
            raise ValueError(f"the tracking error that is near enough must be more than 0, was {self.near}")


@dataclass(slots=True)
class _Record:
    """What became of each path under each budget: (budgets, paths)."""

    years: IntArray
    tax: NDArray[np.int64]  # (budgets, paths, years)
    tracking: NDArray[np.float64]  # (budgets, paths, years)
    kept_back: IntArray  # (budgets,)


def years_under_budgets(
    firm: Firm, budgets: Sequence[int | None], near: float, future: Future, threads: int, watch: Watch
) -> tuple[BudgetYears, ...]:
    """Move a firm's one household year by year under each budget (money; None = no budget)."""
    policies = _policies(firm.book, budgets)
    record = _Record(
        np.full((len(budgets), future.paths), future.years + 1, np.int64),
        np.zeros((len(budgets), future.paths, future.years), np.int64),
        np.zeros((len(budgets), future.paths, future.years)),
        np.zeros(len(budgets), np.int64),
    )
    model = int(firm.book.households.model[0])
    wanted = firm.book.models.security[firm.book.models.start[model] : firm.book.models.start[model + 1]]
    runs = begun(firm.book, len(budgets))
    with watch.phase("years", future.years):
        for year in range(future.years):
            if year:
                factors = {
                    path: growth_factors(firm.market, future.seed, path, year, future.drift)
                    for path in np.unique(runs.path).tolist()
                }
                runs = grown(runs, np.stack([factors[path] for path in runs.path.tolist()]), wanted)
            runs = _year(firm, runs, (policies, near, threads), year, record)
            watch.on_done(1)
            if not len(runs.path):
                break
            if year == 0:  # until now all paths were one
                rows = np.repeat(np.arange(len(runs.path)), future.paths)
                runs = chosen_runs(runs, rows, np.tile(np.arange(future.paths), len(runs.path)))
    return tuple(
        BudgetYears(
            budget, record.years[row], record.tax[row], record.tracking[row], future.years, int(record.kept_back[row])
        )
        for row, budget in enumerate(budgets)
    )


def _policies(book: Book, budgets: Sequence[int | None]) -> tuple[Policies, Table]:
    """The household's policy once for each budget, and its limits with that budget in place of its own."""
    row = int(book.households.policy[0])
    policies = Policies._make(np.repeat(column[row : row + 1], len(budgets)) for column in book.policies)
    # As the choices have it: shares need not be whole, no trade is too small and none is not worth it.
    policies.fractional_shares[:] = 1
    policies.minimum_trade[:] = 0
    policies.worth_it[:] = -1.0
    limits = np.repeat(book.limits[row : row + 1], len(budgets))
    limits["tax"] = [np.inf if budget is None else budget / DOLLAR for budget in budgets]
    limits["tax_part"] = np.inf
    limits["prorated"] = False
    return policies, limits


def _year(firm: Firm, runs: Runs, asked: tuple[tuple[Policies, Table], float, int], year: int, record: _Record) -> Runs:
    """Trade once, note what it cost and who is complete, and leave the others as they are at the end of the year."""
    policies, near, threads = asked
    market = _market_in(firm.market, year)
    book, order = book_of(firm.book, runs, policies, first_year=year == 0)
    book = with_mandates(_with_rates(firm, book, runs, market), market)
    proposals = net_in_threads(book, market, threads).proposals
    outcomes = proposals.outcomes
    limit = policies[1]["tax"][runs.budget] * DOLLAR
    over = outcomes.tax > limit + _ROOM
    traded = (outcomes.status == Status.PROPOSED) & ~over
    tracking = np.where(traded, outcomes.te_after, outcomes.te_before)
    done = tracking <= near
    for row in range(len(runs.path)):
        budget = int(runs.budget[row])
        every = slice(None) if year == 0 else int(runs.path[row])
        record.tax[budget, every, year] = outcomes.tax[row] if traded[row] else 0
        record.tracking[budget, every, year:] = tracking[row]
        record.kept_back[budget] += int(over[row])
        if done[row]:
            record.years[budget, every] = year + 1
    short, long = _gains(book, proposals, traded)
    runs = after_trades(runs, order, proposals.trades, traded, int(market.as_of))
    runs = next_year(runs, firm.book.tax, short, long)
    return chosen_runs(runs, np.flatnonzero(~done))


def _market_in(market: Market, year: int) -> Market:
    """The market so many years later, at its prices of today."""
    today = from_day_number(int(market.as_of))
    day = min(today.day, 28) if today.month == 2 else today.day
    return market._replace(as_of=np.int32(to_day_number(today.replace(year=today.year + year, day=day))))


def _with_rates(firm: Firm, book: Book, runs: Runs, market: Market) -> Book:
    """Rates of each run by its own year: what the night begins with (see `nightly.run`)."""
    held = (book.accounts, book.lots, market.price)
    losses = unrealised_losses(len(book.tax), *held)
    gains = gains_of_a_move(*held, book.models, book.households.model)
    profile = firm.profiles[int(firm.book.households.policy[0])]
    rates = rates_tonight(book.tax, (losses, gains), [profile], np.zeros(len(runs.path), np.int32))
    households = book.households._replace(
        short_rate=rates["short"].copy(),
        long_rate=rates["long"].copy(),
        loss_short_rate=rates["loss_short"].copy(),
        loss_long_rate=rates["loss_long"].copy(),
    )
    return book._replace(households=households)


def _gains(book: Book, proposals: Proposals, traded: Bools) -> tuple[IntArray, IntArray]:
    """Net gains that each run realises in taxable accounts, short-term and long-term."""
    trades = proposals.trades
    counts = traded[trades.household] & (trades.side == Side.SELL)
    counts &= book.accounts.kind[trades.account] == AccountKind.TAXABLE
    found = np.zeros((2, traded.size), np.int64)
    np.add.at(found, (trades.long_term[counts].astype(np.int64), trades.household[counts]), trades.gain[counts])
    return found[0], found[1]
