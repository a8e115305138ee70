"""The demo's last thirty days: sales at a loss that are still being watched, and the purchases that go with them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lotwise.dates import WASH_DAYS, from_day_number, is_trading_day
from lotwise.lab.demo_positions import AccountHoldings
from lotwise.lab.demo_tape import ACQUISITIONS, PURCHASE, LotColumns, Tape, join_lots, pick_lots
from lotwise.lab.market_panel import MarketPanel

__all__ = ["Transaction", "harvest_recently", "recent_purchases", "share_factor", "substitutes_of"]

# Chance that a household's first taxable account sold losses lately, most names sold, and loss of the lots sold.
HARVEST_CHANCE = 0.12
MOST_SOLD = 4
LEAST_LOSS = 0.05
# Trading days between the sale and the last day.
SOLD_AGO = (2, 18)


class Transaction(NamedTuple):
    """One line of transactions.csv. Shares and price are as traded that day."""

    day: int
    account_id: str
    kind: str
    security: int
    shares: float
    amount: float
    price: float
    lot: int  # row of the lot in its account for a purchase; -1 for a sale
    basis: float  # of a sale
    acquired: int  # day number, of a sale


def settlement(day: int) -> str:
    """The next trading day: T+1 (17 CFR 240.15c6-1)."""
    number = day + 1
    while not is_trading_day(from_day_number(number)):
        number += 1
    return from_day_number(number).isoformat()


def share_factor(panel: MarketPanel, row: int, security: int) -> float:
    """Shares of the last day that one share of that day has become."""
    later = (panel.splits.security == security) & (panel.splits.row > row)
    return float(np.prod(panel.splits.ratio[later]))


def substitutes_of(panel: MarketPanel) -> dict[int, list[int]]:
    """For each live member the two nearest in size of its industry, else of its sector."""
    size = np.nan_to_num(panel.caps[-1])
    members = [int(place) for place in np.argsort(-size, kind="stable") if panel.member[-1, place] and size[place] > 0]
    groups: dict[str, list[int]] = {}
    for place in members:
        for label in (
            f"industry {panel.universe.industries[place]}",
            f"sector {panel.universe.sectors[place]}",
        ):
            groups.setdefault(label, []).append(place)
    found: dict[int, list[int]] = {}
    for place in members:
        group = groups[f"industry {panel.universe.industries[place]}"]
        if len(group) < 3:
            group = groups[f"sector {panel.universe.sectors[place]}"]
        at = group.index(place)
        near = sorted((abs(other - at), other) for other in range(len(group)) if other != at)
        found[place] = [group[other] for _, other in near[:2]]
    return found


def recent_purchases(tape: Tape, account: AccountHoldings) -> list[Transaction]:
    """What the account bought in the last thirty days, as transactions."""
    panel, lots = tape.panel, account.lots
    since = int(panel.days[-1]) - WASH_DAYS
    made = []
    for lot in np.flatnonzero(lots.day >= since):
        day, security = int(lots.day[lot]), int(lots.security[lot])
        factor = share_factor(panel, int(np.searchsorted(panel.days, day)), security)
        shares = float(lots.shares[lot]) / factor
        kind = "buy" if ACQUISITIONS[lots.acquisition[lot]] == "purchase" else "reinvest"
        price = float(panel.close[np.searchsorted(panel.days, day), security]) * factor
        basis = float(lots.basis[lot])
        made.append(Transaction(day, account.plan.account_id, kind, security, shares, basis, price, int(lot), 0.0, day))
    return made


def _losers(tape: Tape, account: AccountHoldings, row: int, barred: set[int]) -> list[int]:
    """Names of which every lot sold that day would have been a loss, the largest losses first."""
    lots, price = account.lots, tape.panel.close[row]
    value = lots.shares * price[lots.security]
    old = lots.day < tape.panel.days[row] - WASH_DAYS
    losing = old & ~lots.legacy & (value < (1 - LEAST_LOSS) * lots.basis)
    names = sorted({int(name) for name in lots.security[losing]} - barred)
    whole = [name for name in names if losing[lots.security == name].all()]
    loss = {name: float((lots.basis - value)[lots.security == name].sum()) for name in whole}
    return sorted(whole, key=lambda name: -loss[name])


def harvest_recently(
    rng: np.random.Generator,
    tape: Tape,
    accounts: list[AccountHoldings],
    substitutes: dict[int, list[int]],
) -> tuple[list[AccountHoldings], list[Transaction]]:
    """Let some households have sold losses in the last weeks and bought substitutes on the same day.

    A name bought anywhere in the household within thirty days of the sale is left alone: these sales are no wash sales.
    """
    first = next(
        (at for at, each in enumerate(accounts) if each.plan.kind == "taxable" and not each.plan.held_away),
        None,
    )
    if first is None or rng.random() >= HARVEST_CHANCE:
        return accounts, []
    panel = tape.panel
    row = len(panel.days) - 1 - int(rng.integers(*SOLD_AGO))
    since = int(panel.days[row]) - WASH_DAYS
    recent = {int(name) for each in accounts for name in each.lots.security[each.lots.day >= since]}
    barred = {
        name
        for name in range(len(panel.universe.symbols))
        if name in recent or panel.universe.identical_groups[name] or name not in substitutes
    }
    chosen = _losers(tape, accounts[first], row, barred)[:MOST_SOLD]
    if not chosen:
        return accounts, []
    account, sales = _swap(tape, accounts[first], chosen, row, substitutes)
    return [account if at == first else each for at, each in enumerate(accounts)], sales


def _swap(
    tape: Tape, account: AccountHoldings, names: list[int], row: int, substitutes: dict[int, list[int]]
) -> tuple[AccountHoldings, list[Transaction]]:
    """Sell every lot of the names at the close of `row` and buy whole shares of a substitute for each."""
    panel, lots = tape.panel, account.lots
    day = int(panel.days[row])
    cash, short, long = account.cash, account.short_gains, account.long_gains
    sales: list[Transaction] = []
    bought: list[tuple[int, float, float]] = []
    sold = np.isin(lots.security, names)
    for name in names:
        price = float(panel.close[row, name])
        factor = share_factor(panel, row, name)
        budget = 0.0
        for lot in np.flatnonzero(lots.security == name):
            shares, basis, since = float(lots.shares[lot]), float(lots.basis[lot]), int(lots.day[lot])
            amount = round(shares * price, 2)
            budget += amount
            if day - since > 365:
                long += amount - basis
            else:
                short += amount - basis
            sales.append(
                Transaction(
                    day,
                    account.plan.account_id,
                    "sell",
                    name,
                    shares / factor,
                    amount,
                    price * factor,
                    -1,
                    basis,
                    since,
                )
            )
        cash += budget
        other = next((each for each in substitutes[name] if each not in names), None)
        if other is not None and np.isfinite(panel.close[row, other]):
            cost = float(panel.close[row, other])
            shares = float(np.floor(budget / cost))
            if shares > 0:
                bought.append((other, shares, round(shares * cost, 2)))
                cash -= round(shares * cost, 2)
    kept = pick_lots(lots, ~sold)
    new = LotColumns(
        np.array([name for name, _, _ in bought], dtype=np.int32),
        np.full(len(bought), day, dtype=np.int32),
        np.array([shares for _, shares, _ in bought], dtype=np.float64),
        np.array([cost for _, _, cost in bought], dtype=np.float64),
        np.full(len(bought), PURCHASE, dtype=np.uint8),
        np.zeros(len(bought), dtype=np.bool_),
    )
    swapped = account._replace(lots=join_lots([kept, new]), cash=round(cash, 2), short_gains=short, long_gains=long)
    return swapped, sales
