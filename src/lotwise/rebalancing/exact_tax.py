"""What a household's trades are worth by its exact tax: the objective with its linear tax replaced by the law's.

The optimizer charges every lot at rates that are fixed for the night. Here the trades that it found are charged what
they really cost (docs/explanation/netting.md writes the formula down): the liability of the year with them less
without, less what they add to the losses carried on, less the tax that they spare later. All that is no tax of the
year stays as the objective had it. Losses too shallow for their credit count as nothing, as they do in the objective.

Everything is an amount for the household in dollars, the less the better; doing nothing is 0.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lotwise.kernels import Records, inlined_kernel, kernel, records
from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.holding_period import first_long_term_day_number, is_long_term_number
from lotwise.money import DOLLAR, FULL_RATE, IntArray, price_of_shares
from lotwise.rebalancing.book import AccountKind, Book
from lotwise.rebalancing.lot_costs import lot_price
from lotwise.rebalancing.proposal import Side, Trades
from lotwise.rebalancing.scratch import HouseholdState
from lotwise.rebalancing.wash_windows import close_household, open_household
from lotwise.securities.market import Market
from lotwise.tax.liability import liabilities, load_law
from lotwise.tax.marginal import Direction, marginals
from lotwise.tax.position import LARGEST

__all__ = ["Terms", "bars_charged", "exact_tax", "line_sums", "terms_of"]

Floats = NDArray[np.float64]

_TAXABLE = int(AccountKind.TAXABLE)
_SELL = int(Side.SELL)
_BUY = int(Side.BUY)


class Terms(NamedTuple):
    """What a household's exact tax is measured with; fixed for the night, whatever rates are tried. Fractions, (H,)."""

    known: NDArray[np.bool_]  # its liability is, and its losses are valued by it
    carried: Floats  # worth of a dollar of loss that is carried on
    later: Floats  # tax spared later by a dollar of gain realised now: delta x the rate of a first long-term gain
    wait: Floats  # what a dollar of short-term gain costs more than one of long-term


class LineSums(Protocol):
    """A record of `line_sums` as kernels see it."""

    short: int
    long: int
    charged: float
    waits: float


def terms_of(book: Book, first: int, last: int) -> Terms:
    """Terms of households first .. last from the rates that the book holds: those of the night."""
    rows = slice(first, last)
    owner, policy = book.households, book.households.policy[rows]
    alone = book.tax[rows].copy()
    for term in ("short", "long"):
        alone[f"{term}_gains"] = alone[f"{term}_carryforward"]
    slope = marginals(alone, load_law())["tax"][:, Direction.LONG_GAIN]
    share = book.policies.carried_loss_value[policy]
    known = (slope != MISSING) & ~np.isnan(share) & ~owner.blocked[rows]
    first_gain = np.clip(slope, 0, FULL_RATE) / FULL_RATE
    long = owner.long_rate[rows] / FULL_RATE
    next_year = np.where(known, np.minimum(long, first_gain), long)
    return Terms(
        known,
        np.where(known, next_year * np.nan_to_num(share), 0.0),
        book.policies.deferral_discount[policy] * next_year,
        np.maximum(owner.short_rate[rows] / FULL_RATE - long, 0.0),
    )


def exact_tax(table: Table, carried: Floats, net: Floats | None = None) -> Floats:
    """Tax of households less the worth of what they carry on, in dollars; `table` has rows of POSITION.

    With `net` (n, 2) the year's short-term and long-term gains after carryovers, dollars, stand for those in the table.
    """
    year = table
    if net is not None:
        year = table.copy()
        for column, term in enumerate(("short", "long")):
            gains = np.rint(net[:, column] * DOLLAR).astype(np.int64) + table[f"{term}_carryforward"]
            year[f"{term}_gains"] = np.clip(gains, -LARGEST, LARGEST)
    owed = liabilities(year, load_law())
    carries = owed["short_carryforward"] + owed["long_carryforward"]
    return np.asarray((owed["total"] - carried * carries) / DOLLAR, np.float64)


@inlined_kernel
def _add_line(book: Book, market: Market, trades: Trades, t: int, out: LineSums) -> None:
    """Add a sale in a taxable account to the sums of its household."""
    lot, household = trades.lot[t], trades.household[t]
    owner, policies = book.households, book.policies
    policy = owner.policy[household]
    worth = price_of_shares(book.lots.shares[lot], market.price[book.lots.security[lot]])
    gain = (worth - book.lots.basis[lot]) / worth
    start = book.lots.holding_start[lot]
    long_term = is_long_term_number(start, int(market.as_of))
    days = 1.0 if long_term else float(first_long_term_day_number(start) - market.as_of)
    rates = (
        owner.short_rate[household] / FULL_RATE,
        owner.long_rate[household] / FULL_RATE,
        owner.loss_short_rate[household] / FULL_RATE,
        owner.loss_long_rate[household] / FULL_RATE,
    )
    depth, cap = policies.harvest_depth[policy], policies.short_term_wait_cap[policy]
    price = lot_price(gain, (bool(long_term), days), rates, (policies.deferral_discount[policy], depth, cap))
    out.charged += price * (trades.value[t] / DOLLAR)
    counts = gain >= 0.0 or 1.0 / (1.0 - gain) <= depth
    if counts and long_term:
        out.long += trades.gain[t]
    elif counts:
        out.short += trades.gain[t]
    if gain > 0.0 and not long_term:
        out.waits += (max(1.0, min(365.0 / max(days, 1.0), cap)) - 1.0) * (trades.gain[t] / DOLLAR)


@kernel
def _sum_lines(book: Book, market: Market, trades: Trades, first: int, out: Records) -> None:
    for t in range(trades.household.size):
        if trades.side[t] == _SELL and book.accounts.kind[trades.account[t]] == _TAXABLE:
            _add_line(book, market, trades, t, out[trades.household[t] - first])


def line_sums(book: Book, market: Market, trades: Trades, span: tuple[int, int]) -> Records:
    """Sums of the taxable sales of households span[0] .. span[1], in the rates of the book.

    short, long: gains that count (money); charged: their tax as the objective charged it, dollars; waits: dollars of
    short-term gain times the weight beyond one that waiting for their anniversary has.
    """
    out = records(span[1] - span[0], short=np.int64, long=np.int64, charged=float, waits=float)
    _sum_lines(book, market, trades, span[0], out)
    return out


@kernel
def _add_bars(
    book: Book,
    market: Market,
    trades: Trades,
    first: int,
    chosen: NDArray[np.bool_],
    state: HouseholdState,
    out: Floats,
) -> None:
    t, last = 0, trades.household.size
    while t < last:
        household = trades.household[t]
        stop = t
        while stop < last and trades.household[stop] == household:
            stop += 1
        if chosen[household - first] and book.policies.buy_opportunity_cost[book.households.policy[household]]:
            open_household(book, market, household, state)
            for line in range(t, stop):
                if trades.side[line] == _BUY:
                    cost = state.groups[market.identical[trades.security[line]]].barred_cost
                    out[household - first] += cost * (trades.value[line] / DOLLAR)
            close_household(book, market, household, state)
        t = stop


def bars_charged(
    book: Book, market: Market, trades: Trades, span: tuple[int, int], chosen: NDArray[np.bool_], state: HouseholdState
) -> Floats:
    """What the buys of chosen households of a range were charged for the losses they bar, dollars, in book's rates."""
    out = np.zeros(span[1] - span[0])
    _add_bars(book, market, trades, span[0], chosen, state, out)
    return out


def net_of_carryovers(table: Table, short: IntArray, long: IntArray) -> Floats:
    """Gains of the year after carryovers (Schedule D lines 7 and 15) with these of tonight, dollars, (n, 2)."""
    columns = [
        table[f"{term}_gains"] - table[f"{term}_carryforward"] + tonight
        for term, tonight in (("short", short), ("long", long))
    ]
    return np.stack(columns, axis=1) / DOLLAR
