"""An ordinary rule: a fund is swapped for another one of its pair where its lots have lost enough, and back.

On its looks it takes the fund of the pair whose lots have lost most, of those that are at the depth or below it, and
sells these. With them goes what was bought of the fund in the last 30 days, so that nothing replaces them (26 U.S.C.
1091). The other fund is bought with the proceeds; where that one was itself sold at a loss in the last 30 days, nothing
is swapped. New money and dividends buy the fund that was bought last. It never rebalances otherwise, and it is for
accounts that nobody draws on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import WASH_DAYS, from_day_number
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.outside import blank_events, names_of_lots
from lotwise.lab.cohorts.targets import Weights
from lotwise.ledger.events import EventKind, Table
from lotwise.ledger.tables import State
from lotwise.money import FULL_RATE, SHARE, IntArray

__all__ = ["swaps_of"]

# Cash beyond its target, as a part of value, that is left lying: as the engine's default band.
_CASH_BAND = 0.005


def swaps_of(cohort: Cohort, market: MarketSoFar, weights: list[Weights], state: State, cash: IntArray) -> Table:
    """Sales and purchases of today in all accounts that a rule of this kind manages, at the close; `cash` (A,).

    Raises ValueError where the target of one names no second fund.
    """
    made, day = [blank_events(0, EventKind.BUY, market.day)], from_day_number(market.day)
    for number, policy in enumerate(cohort.policies):
        if policy.swaps is None:
            continue
        due = policy.is_due(day)
        begun = (cohort.policy == number) & (cohort.start <= market.row)
        for account in np.flatnonzero(begun[cohort.household]).tolist():
            target = weights[cohort.target[cohort.household[account]]]
            if not target.stand_ins:
                raise ValueError(f"policy {policy.name} must have a target of a pair of funds, which names the second")
            depth = policy.swaps if due else 0.0
            made += _traded(market, target, (account, int(cash[account])), state, depth)
    return np.concatenate(made)


def _traded(market: MarketSoFar, target: Weights, place: tuple[int, int], state: State, depth: float) -> list[Table]:
    """What one account trades today; `place` = (account, its cash), `depth` = 0: it swaps nothing."""
    account, cash = place
    lots = state.lots[state.lots["account"] == account]
    worth = np.rint(lots["shares"] / SHARE * market.price[lots["security"]]).astype(np.int64)
    sales = state.realized[state.realized["account"] == account]
    lost = sales[(sales["proceeds"] < sales["basis"]) & (sales["sold"] >= market.day - WASH_DAYS)]
    barred = set(lost["security"].tolist())
    pair = target.stand_ins[0]
    best, sold, buys = 0, np.zeros(lots.size, np.bool_), _bought_last(lots, pair)
    for fund, other in (pair, pair[::-1]):
        if other in barred or not market.quoted[[fund, other]].all():
            continue
        own = lots["security"] == fund
        deep = own & (worth <= depth * lots["basis"]) & (worth < lots["basis"])
        loss = int((lots["basis"] - worth)[deep].sum())
        if loss > best:
            recent = own & (lots["acquired"] >= market.day - WASH_DAYS)
            best, sold, buys = loss, deep | recent, other
    spare = cash - int(target.cash * (worth.sum() + cash))
    if not best and (spare <= _CASH_BAND * (worth.sum() + cash) or buys in barred or not market.quoted[buys]):
        return []
    return _events(market, account, (lots[sold], worth[sold]), (buys, spare))


def _bought_last(lots: Table, pair: tuple[int, int]) -> int:
    """The fund of a pair whose last lot is the youngest; the first of them where nothing is held."""
    own = lots[np.isin(lots["security"], pair)]
    return int(own["security"][np.argmax(own["acquired"])]) if own.size else pair[0]


def _events(
    market: MarketSoFar, account: int, sold: tuple[Table, NDArray[np.int64]], bought: tuple[int, int]
) -> list[Table]:
    """Sales, what was bought last first, and one purchase with what they bring and what cash is spare."""
    lots, worth = sold
    order = np.argsort(-lots["acquired"], kind="stable")
    lots, worth = lots[order], worth[order]
    sales = blank_events(lots.size, EventKind.SELL, market.day)
    for name in ("security", "shares"):
        sales[name] = lots[name]
    sales["account"], sales["amount"], sales["lot"] = account, worth, lots["name"]
    half = market.spread / (2 * FULL_RATE)
    security, spare = bought
    dollars = (spare + float((worth * (1.0 - half[lots["security"]])).sum())) / (1.0 + half[security])
    buy = blank_events(1, EventKind.BUY, market.day)
    buy["account"], buy["security"] = account, security
    buy["shares"] = int(max(dollars, 0.0) / market.price[security] * SHARE)
    buy["amount"] = np.rint(buy["shares"] / SHARE * market.price[security])
    buy["lot"] = names_of_lots(market.row, buy["security"], market.price.size, reinvested=False)
    return [sales, buy[buy["shares"] > 0]]
