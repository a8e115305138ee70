"""What happens to accounts from outside on a day: openings, deposits, fees, splits, dividends, companies that end.

All of it is told as events of the ledger. Dividends are paid on the day on which shares go ex. A security that has had
no close for `GONE_ROWS` trading days is paid out at its last one: a takeover for cash, or what is left of a failure.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from lotwise.dates import from_day_number
from lotwise.lab.cohorts.circumstances import names_of_opening
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.market import GONE_ROWS, DayOfMarket, MarketSoFar
from lotwise.lab.cohorts.policies import next_trading_day
from lotwise.lab.cohorts.standing import Standing, joined_events
from lotwise.ledger.events import EVENT, NO_CODE, EventFlag, EventKind, Table, no_details
from lotwise.money import DOLLAR, FULL_RATE, SHARE, IntArray
from lotwise.savings.shadow import Holdings

__all__ = ["Outside", "blank_events", "names_of_lots"]

# Dividends of a security of which at least this part is qualified count as qualified, as in lab.replay.
_QUALIFIES = 0.5
_QUARTERS_A_YEAR = 4


def blank_events(rows: int, kind: EventKind, day: int) -> Table:
    """Events of a kind and day with nothing else in them."""
    events = np.zeros(rows, EVENT)
    for name in ("lot", "order", "detail", "security"):
        events[name] = NO_CODE
    events["kind"], events["day"] = kind, day
    return events


def names_of_lots(row: int | IntArray, security: NDArray[np.integer], securities: int, *, reinvested: bool) -> IntArray:
    """Codes of the names of lots bought on a day: one for each day, security and way of buying."""
    codes: IntArray = (np.asarray(row, np.int64) * securities + security) * 2 + int(reinvested)
    return codes


class Outside:
    """Tells what comes from outside to a cohort."""

    def __init__(self, cohort: Cohort, qualified: NDArray[np.float64]) -> None:
        self._cohort = cohort
        self._qualified = qualified >= _QUALIFIES
        policies = np.array([policy.reinvests for policy in cohort.policies], np.bool_)
        self._reinvests = policies[cohort.policy][cohort.household]

    def on(self, today: DayOfMarket, market: MarketSoFar, standing: Standing) -> tuple[Table, Table]:
        """Events of a day before it is traded, and their details, by what was held when it began."""
        held = standing.held
        parts = [
            self._splits(today, held),
            (self._money(today), no_details(0)),
            self._brought(today),
            *self._carried_over(today),
            self._ended(today, market, held),
            (self._dividends(today, held), no_details(0)),
        ]
        day = from_day_number(today.day)
        if _ends_quarter(day):
            parts.append((self._fees(today, market, standing), no_details(0)))
            parts.append((self._handed_over(today, market, standing), no_details(0)))
        return joined_events(parts)

    def _money(self, today: DayOfMarket) -> Table:
        """Openings in cash, and what clients bring in and take out."""
        cohort = self._cohort
        opens = np.flatnonzero((cohort.start[cohort.household] == today.row) & (cohort.opening > 0))
        events = blank_events(opens.size, EventKind.DEPOSIT, today.day)
        events["account"], events["amount"] = opens, cohort.opening[opens]
        first, last = np.searchsorted(cohort.flows["row"], [today.row, today.row + 1])
        flows = cohort.flows[first:last]
        flows = flows[cohort.start[cohort.household[flows["account"]]] < today.row]
        moved = blank_events(flows.size, EventKind.DEPOSIT, today.day)
        moved["kind"] = np.where(flows["amount"] > 0, EventKind.DEPOSIT, EventKind.WITHDRAWAL)
        moved["account"], moved["amount"] = flows["account"], np.abs(flows["amount"])
        return np.concatenate([events, moved])

    def _brought(self, today: DayOfMarket) -> tuple[Table, Table]:
        """Lots that accounts begin with: transferred in, with their basis and the day on which they were bought."""
        cohort = self._cohort
        lots = cohort.lots[cohort.start[cohort.household[cohort.lots["account"]]] == today.row]
        price = today.price[lots["security"]]
        if not price.all():
            raise ValueError(
                f"what a client brings must have a close on the day it begins, security "
                f"{lots['security'][price == 0][0]} has none on row {today.row}"
            )
        events, details = blank_events(lots.size, EventKind.TRANSFER_IN, today.day), no_details(lots.size)
        events["account"], events["security"] = lots["account"], lots["security"]
        events["shares"] = (lots["worth"] / price * SHARE).astype(np.int64)
        events["facts"], events["detail"] = EventFlag.PURCHASE, np.arange(lots.size)
        # Of all rows before the first an account has no other lots: each of these is named by one of them.
        rows = today.row - 1 - lots["number"].astype(np.int64)
        events["lot"] = names_of_lots(rows, lots["security"], today.price.size, reinvested=False)
        details["basis"], details["acquired"] = lots["basis"], today.day - lots["days"]
        return events, details

    def _carried_over(self, today: DayOfMarket) -> list[tuple[Table, Table]]:
        """What a firm's accounts begin with: their lots, and sales at a loss of the month before.

        Of each sale one share and a loss of the smallest unit: it bars its name, what it lost is in the year's gains.
        """
        cohort = self._cohort
        if cohort.said is None:
            return []
        all_lots, all_losses = cohort.said.lots, cohort.said.losses
        rows = np.flatnonzero(cohort.start[cohort.household[all_lots["account"]]] == today.row)
        lots = all_lots[rows]
        brought, of_lots = blank_events(rows.size, EventKind.TRANSFER_IN, today.day), no_details(rows.size)
        for name in ("account", "security", "shares"):
            brought[name] = lots[name]
        brought["lot"], brought["detail"] = names_of_opening(rows), np.arange(rows.size)
        brought["facts"] = np.where(lots["purchased"], EventFlag.PURCHASE, 0)
        for name in ("basis", "acquired", "holding_start"):
            of_lots[name] = lots[name]
        losses = all_losses[cohort.start[cohort.household[all_losses["account"]]] == today.row]
        sold, of_sales = blank_events(losses.size, EventKind.SELL, today.day), no_details(losses.size)
        for name in ("account", "security", "day"):
            sold[name] = losses[name]
        sold["shares"], sold["facts"], sold["detail"] = SHARE, EventFlag.STATED, np.arange(losses.size)
        of_sales["basis"], of_sales["acquired"], of_sales["holding_start"] = 1, losses["day"] - 1, losses["day"] - 1
        return [(brought, of_lots), (sold, of_sales)]

    def _fees(self, today: DayOfMarket, market: MarketSoFar, standing: Standing) -> Table:
        """A quarter's fee of every household, from its first account."""
        cohort, value = self._cohort, self._worth(market, standing)
        fee = np.rint(value * (cohort.fee / FULL_RATE / _QUARTERS_A_YEAR)).astype(np.int64)
        payers = np.flatnonzero((fee > 0) & (cohort.start < today.row))
        events = blank_events(payers.size, EventKind.FEE, today.day)
        events["account"], events["amount"] = cohort.account_start[payers], fee[payers]
        return events

    def _worth(self, market: MarketSoFar, standing: Standing) -> NDArray[np.float64]:
        """Money that each household is worth when the day begins, at today's prices, (H,)."""
        cohort, held = self._cohort, standing.held
        worth = standing.cash.astype(np.float64)
        np.add.at(worth, held.account, held.shares / SHARE * market.price[held.security])
        value = np.zeros(len(cohort.start))
        np.add.at(value, cohort.household, worth)
        return value

    def _handed_over(self, today: DayOfMarket, market: MarketSoFar, standing: Standing) -> Table:
        """Cash that households hand to others of their taxpayer, from first account to first, to come to their parts.

        Who gives sells for it today. What all of a taxpayer give is what all get, to the last unit.
        """
        cohort = self._cohort
        begun = (cohort.agreed > 0) & (cohort.start < today.row)
        if not begun.any():
            return blank_events(0, EventKind.DEPOSIT, today.day)
        value = np.where(begun, self._worth(market, standing), 0.0)
        agreed = np.where(begun, cohort.agreed, 0.0)
        count = len(cohort.start)
        together, parts = (np.bincount(cohort.taxpayer, each, count)[cohort.taxpayer] for each in (value, agreed))
        gets = np.rint(together * np.divide(agreed, parts, out=np.zeros(count), where=begun) - value).astype(np.int64)
        # What rounding leaves falls to the first.
        np.subtract.at(gets, np.unique(cohort.taxpayer), _sums(gets, cohort.taxpayer))
        moved = np.flatnonzero(gets)
        events = blank_events(moved.size, EventKind.DEPOSIT, today.day)
        events["kind"] = np.where(gets[moved] > 0, EventKind.DEPOSIT, EventKind.WITHDRAWAL)
        events["account"], events["amount"] = cohort.account_start[moved], np.abs(gets[moved])
        return events

    def _splits(self, today: DayOfMarket, held: Holdings) -> tuple[Table, Table]:
        made, details = [np.zeros(0, EVENT)], no_details(len(today.splits))
        for number, (security, new, old) in enumerate(today.splits):
            details["ratio_new"][number], details["ratio_old"][number] = new, old
            holders = held.account[held.security == security]
            events = blank_events(holders.size, EventKind.SPLIT, today.day)
            events["account"], events["security"], events["detail"] = holders, security, number
            made.append(events)
        return np.concatenate(made), details

    def _ended(self, today: DayOfMarket, market: MarketSoFar, held: Holdings) -> tuple[Table, Table]:
        """Pay out what has had no close for so long."""
        ended = np.flatnonzero((market.waited[held.security] == GONE_ROWS) & (market.price[held.security] > 0))
        events, details = blank_events(ended.size, EventKind.CASH_MERGER, today.day), no_details(ended.size)
        events["account"], events["security"] = held.account[ended], held.security[ended]
        events["detail"], details["cash"] = np.arange(ended.size), market.price[held.security[ended]]
        return events, details

    def _dividends(self, today: DayOfMarket, held: Holdings) -> Table:
        """Dividends of what is held when it goes ex, and what is bought with those that are reinvested."""
        per_share = np.zeros(today.price.size)
        np.add.at(per_share, today.paid, today.dividend)
        shares = held.shares / SHARE
        for security, new, old in today.splits:
            shares = np.where(held.security == security, shares * new / old, shares)
        amount = np.rint(shares * per_share[held.security] * DOLLAR).astype(np.int64)
        paid = np.flatnonzero(amount > 0)
        events = blank_events(paid.size, EventKind.DIVIDEND, today.day)
        events["account"], events["security"] = held.account[paid], held.security[paid]
        events["amount"] = amount[paid]
        events["facts"] = np.where(self._qualified[events["security"]], EventFlag.QUALIFIED, 0)
        price = today.price[events["security"]]
        bought = np.where(price > 0, events["amount"] / np.maximum(price, 1) * SHARE, 0.0).astype(np.int64)
        again = self._reinvests[events["account"]] & (bought > 0)
        more = blank_events(int(again.sum()), EventKind.REINVEST, today.day)
        for name in ("account", "security", "amount"):
            more[name] = events[name][again]
        more["shares"] = bought[again]
        more["lot"] = names_of_lots(today.row, more["security"], today.price.size, reinvested=True)
        return np.concatenate([events, more])


def _sums(amounts: IntArray, taxpayer: NDArray[np.int32]) -> IntArray:
    """Sum of each taxpayer's amounts, in order of taxpayers."""
    firsts, place = np.unique(taxpayer, return_inverse=True)
    sums = np.zeros(firsts.size, np.int64)
    np.add.at(sums, place, amounts)
    return sums


def _ends_quarter(day: date) -> bool:
    following = next_trading_day(day)
    return following.month != day.month and day.month % 3 == 0
