"""Who decides on a day: the engine for those that it looks at, ordinary rules for their own, all as ledger events.

The engine is `rebalance`, the function of the nightly run, on a book of the accounts that are looked at. Trades are
executed at the close, and half the spread is paid: it lowers proceeds and is part of what a purchase costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import NO_DATE, from_day_number
from lotwise.lab.cohorts.books import BookMaker, Night
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.market import MarketSoFar
from lotwise.lab.cohorts.outside import blank_events, names_of_lots
from lotwise.lab.cohorts.policies import Policy
from lotwise.lab.cohorts.rebuying import rebought, without_wash_sales
from lotwise.lab.cohorts.risk import RiskThen
from lotwise.lab.cohorts.standing import Standing
from lotwise.lab.cohorts.swapping import swaps_of
from lotwise.lab.cohorts.targets import Weights
from lotwise.ledger.events import EventKind, Table, no_details
from lotwise.ledger.tables import State
from lotwise.money import FULL_RATE, IntArray
from lotwise.rebalancing.proposal import Proposals, Side, Status
from lotwise.rebalancing.rebalance import rebalance
from lotwise.savings.history import Accounts as RuledAccounts
from lotwise.savings.history import CorporateActions, History, MarketHistory, Targets
from lotwise.savings.shadow import holdings_of, trades_of_rule
from lotwise.securities.market import Market

__all__ = ["Decided", "Deciding", "Moment", "market_without_risk"]


class Moment(NamedTuple):
    """How things stand when a day is traded: after what came from outside."""

    standing: Standing
    state: State
    cash: IntArray  # (A,)
    tax: Callable[[], Table]  # (H,) POSITION: the year so far
    moved: NDArray[np.bool_]  # (A,) whether cash came or went today
    flowed: NDArray[np.bool_]  # (A,) whether more came or went than dividends


class Decided(NamedTuple):
    """What is traded on a day."""

    events: Table  # sales before purchases of each account
    cost: IntArray  # (E,) money: half the spread of each, in its amount already
    tracking: NDArray[np.float64]  # (H,) predicted of what is then held, annual; NaN where the engine did not look


class Deciding:
    """Decides the days of one cohort."""

    def __init__(
        self, cohort: Cohort, risk: RiskThen, qualified: NDArray[np.float64], asset_classes: tuple[str, ...]
    ) -> None:
        self._cohort, self._risk, self._qualified = cohort, risk, qualified
        self._books = BookMaker(cohort, asset_classes)
        count = len(cohort.start)
        self.last_trade = np.full(count, NO_DATE, np.int32)
        by_engine = np.array([policy.profile is not None for policy in cohort.policies], np.bool_)
        self._by_engine = by_engine[cohort.policy]
        self._rebuys = np.array([policy.rebuys for policy in cohort.policies], np.bool_)[cohort.policy]
        brought = np.zeros(0, np.int32) if cohort.said is None else cohort.said.lots["account"]
        self._brings_lots = np.bincount(cohort.household[brought], minlength=count) > 0

    def on(self, market: MarketSoFar, weights: list[Weights], moment: Moment) -> Decided:
        """Decide today. `weights` are those of every target."""
        today = market_without_risk(market, self._qualified)
        parts = [
            self._ruled(market, weights, moment),
            swaps_of(self._cohort, market, weights, moment.state, moment.cash),
        ]
        tracking = np.full(len(self._cohort.start), np.nan)
        looked_at = np.flatnonzero(self._by_engine & self._looks(market, moment))
        if looked_at.size:
            priced = self._risk.with_risk(today, market, self._cohort.targets)
            standing = (moment.standing, moment.state, moment.cash)
            night = self._books.night(looked_at, standing, priced, weights, moment.tax(), self.last_trade)
            proposals = rebalance(night.book, priced, proves_first=True)
            trades = self._events_of(night, proposals, moment.state, market)
            parts.append(trades)
            again = np.isin(self._cohort.household, looked_at[self._rebuys[looked_at]])
            if again.any():
                parts.append(rebought(moment.state, market, again, trades))
            tracking[looked_at] = _tracking_of(proposals)
        events = np.concatenate(parts)
        without_wash_sales(events, self._rebuys[self._cohort.household])
        traders = np.unique(self._cohort.household[events["account"]])
        self.last_trade[traders] = market.day
        return _executed(events, today, tracking)

    def _looks(self, market: MarketSoFar, moment: Moment) -> NDArray[np.bool_]:
        """Whether somebody looks at each household today, (H,)."""
        cohort, day = self._cohort, from_day_number(market.day)
        due = np.array([policy.is_due(day) for policy in cohort.policies], np.bool_)[cohort.policy]
        acts = np.array([policy.acts_on_flows for policy in cohort.policies], np.bool_)[cohort.policy]
        moved = np.bincount(cohort.household, moment.flowed, len(cohort.start)) > 0
        begun = cohort.start <= market.row
        looks: NDArray[np.bool_] = begun & (due | (acts & moved) | (cohort.start == market.row))
        return looks

    def _events_of(self, night: Night, proposals: Proposals, state: State, market: MarketSoFar) -> Table:
        """Trades of the engine as events; a sale names its lot, as it is named in the ledger."""
        trades = proposals.trades
        kept = proposals.outcomes.status[trades.household] == Status.PROPOSED
        chosen = np.flatnonzero(kept)
        chosen = chosen[np.lexsort((trades.side[chosen] != Side.SELL, trades.account[chosen]))]
        sells = trades.side[chosen] == Side.SELL
        events = blank_events(chosen.size, EventKind.BUY, market.day)
        events["kind"] = np.where(sells, EventKind.SELL, EventKind.BUY)
        events["account"] = night.accounts[trades.account[chosen]]
        events["security"] = trades.security[chosen]
        events["shares"], events["amount"] = trades.shares[chosen], trades.value[chosen]
        events["lot"] = names_of_lots(market.row, trades.security[chosen], market.price.size, reinvested=False)
        events["lot"][sells] = state.lots["name"][night.lots[trades.lot[chosen[sells]]]]
        return events

    def _ruled(self, market: MarketSoFar, weights: list[Weights], moment: Moment) -> Table:
        """Trades of the accounts that an ordinary rule manages."""
        cohort, made = self._cohort, [blank_events(0, EventKind.BUY, market.day)]
        history: History | None = None
        for number, policy in enumerate(cohort.policies):
            if policy.rule is None:
                continue
            own = (cohort.policy == number) & (cohort.start <= market.row)
            # What is brought along stays until the rule's next date: only cash goes to the target at once.
            opens = own & (cohort.start == market.row) & ~self._brings_lots
            due = policy.is_due(from_day_number(market.day))
            to_target = np.flatnonzero((own if due else opens)[cohort.household])
            for_flows = np.flatnonzero((own & ~opens)[cohort.household] & moment.moved) if not due else to_target[:0]
            for accounts, goes in ((to_target, True), (for_flows, False)):
                if accounts.size:
                    history = history or self._history(market, weights, moment.standing)
                    trades = self._of_rule(history, accounts, moment, policy, goes=goes)
                    bought = trades["kind"] == EventKind.BUY
                    names = names_of_lots(market.row, trades["security"], market.price.size, reinvested=False)
                    trades["lot"] = np.where(bought, names, trades["lot"])
                    made.append(trades)
        return np.concatenate(made)

    def _of_rule(self, history: History, accounts: IntArray, moment: Moment, policy: Policy, *, goes: bool) -> Table:
        assert policy.rule is not None
        held = holdings_of(moment.state)
        day = int(history.market.days[0])
        return trades_of_rule(history, day, accounts, held, moment.cash, due=goes, rule=policy.rule)

    def _history(self, market: MarketSoFar, weights: list[Weights], standing: Standing) -> History:
        """Today as an ordinary rule is told of it."""
        cohort, count = self._cohort, market.price.size
        dense = np.zeros((len(weights), count))
        for row, each in enumerate(weights):
            dense[row, each.security] = each.weight
        nothing = blank_events(0, EventKind.BUY, market.day)
        return History(
            nothing,
            no_details(0),
            standing.world,
            RuledAccounts(cohort.household, standing.cash, np.zeros(cohort.household.size, np.bool_)),
            MarketHistory(
                np.array([market.day], np.int32),
                market.price[None, :],
                market.quoted[None, :],
                np.zeros((1, count)),
                np.zeros(count, np.bool_),
            ),
            Targets(dense, np.array([each.cash for each in weights]), cohort.target[:, None]),
            cohort.rates[:, :2],
            CorporateActions(nothing, no_details(0)),
        )


def market_without_risk(market: MarketSoFar, qualified: NDArray[np.float64]) -> Market:
    """Today as the engine sees it, no risk being known yet; `qualified` (N,) parts of dividends."""
    count = market.price.size
    return Market(
        np.int32(market.day),
        market.price,
        market.spread,
        market.quoted & (market.price > 0),
        market.identical,
        market.kind,
        market.asset_class,
        market.dividend_yield,
        qualified,
        np.zeros(count),
        np.zeros((count, 0)),
        np.zeros(count),
    )


def _executed(events: Table, market: Market, tracking: NDArray[np.float64]) -> Decided:
    """Let trades cost half the spread."""
    half = market.spread[events["security"]] / (2 * FULL_RATE)
    cost = np.rint(events["amount"] * half).astype(np.int64)
    buys = events["kind"] == EventKind.BUY
    events["amount"] += np.where(buys, cost, -cost)
    return Decided(events, cost, tracking)


def _tracking_of(proposals: Proposals) -> NDArray[np.float64]:
    outcomes = proposals.outcomes
    after: NDArray[np.float64] = np.where(outcomes.status == Status.PROPOSED, outcomes.te_after, outcomes.te_before)
    return after
