"""The book of a night in a replay: the columns that `rebalance` reads, of the accounts that are looked at.

What a firm folder says of clients is said here by their policy and by what they hold; nothing is asked for. What is
restricted or kept is what their circumstances say, substitutes are theirs or those of the targets. Everything else is
made as reading a folder makes it: rates, policies, windows.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lotwise.households.profile import Profile
from lotwise.interchange.firm_folder.book_building import limits_of, policy_columns, preferences_of
from lotwise.interchange.firm_folder.tax_positions import deferred_dollars, payout_rates, rates_tonight
from lotwise.lab.cohorts.circumstances import kept_names, no_rules, rules_on_night
from lotwise.lab.cohorts.clients import Cohort
from lotwise.lab.cohorts.others import Others
from lotwise.lab.cohorts.standing import Standing
from lotwise.lab.cohorts.targets import Weights
from lotwise.ledger.events import Table
from lotwise.ledger.tables import LotMark, State
from lotwise.money import IntArray
from lotwise.rebalancing.book import (
    Accounts,
    Book,
    Groups,
    Households,
    LotFlag,
    Lots,
    Models,
    RateOrigin,
    Substitutes,
    Windows,
    no_requests,
    no_substitutes,
    nothing_pinned,
)
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.securities.market import Market

__all__ = ["BookMaker", "Night"]


class Night(NamedTuple):
    """A book, and the rows of the cohort that it shows."""

    book: Book
    households: IntArray  # (h,) of the cohort, ascending
    accounts: IntArray  # (a,)
    lots: IntArray  # (l,) rows of the state's lots


class BookMaker:
    """Makes the nights of one cohort."""

    def __init__(self, cohort: Cohort, asset_classes: tuple[str, ...]) -> None:
        """`asset_classes` are those of the market by their code, as preferences name them."""
        self._cohort = cohort
        self._others = Others(cohort)
        pairs = list(zip(cohort.policy.tolist(), cohort.target.tolist(), strict=True))
        self._distinct = sorted({pair for pair in pairs if cohort.policies[pair[0]].profile is not None})
        place = {pair: row for row, pair in enumerate(self._distinct)}
        self._row = np.array([place.get(pair, -1) for pair in pairs], np.int32)
        self._profiles = [self._profile(*pair) for pair in self._distinct]
        self._blind = np.array([not cohort.policies[policy].knows_tax for policy, _ in self._distinct], np.bool_)
        # By the cohort's households: those that live in a world without wash sales.
        self._no_windows = np.array([policy.rebuys for policy in cohort.policies], np.bool_)[cohort.policy]
        self._limits = limits_of(self._profiles)
        self._preferences, self._preferred = preferences_of(self._profiles, asset_classes)
        self._kept = kept_names(cohort.said)

    def _profile(self, policy: int, target: int) -> Profile:
        """The policy's profile, at the cash that the target asks for."""
        profile = self._cohort.policies[policy].profile
        assert profile is not None
        cash = getattr(self._cohort.targets[target], "cash", None)
        return profile if cash is None else replace(profile, cash_target=Decimal(repr(cash)))

    def night(
        self,
        households: IntArray,
        standing: tuple[Standing, State, IntArray],
        market: Market,
        weights: list[Weights],
        tax: Table,
        last_trade: NDArray[np.int32],
    ) -> Night:
        """Show households (h,) as they stand: `standing` with the state and cash (A,) of this moment.

        `weights` are today's of every target, `tax` the positions (H,), `last_trade` (H,) the days of the last trades.
        """
        ledger, state, cash = standing
        cohort, day = self._cohort, int(market.as_of)
        said = cohort.said
        accounts = np.flatnonzero(np.isin(cohort.household, households))
        row_of = np.full(cohort.household.size, -1, np.int64)
        row_of[accounts] = np.arange(accounts.size)
        rows = np.flatnonzero(row_of[state.lots["account"]] >= 0)
        table = state.lots[rows]
        lot_start = np.searchsorted(row_of[table["account"]], np.arange(accounts.size + 1)).astype(np.int64)
        place = np.full(len(cohort.start), -1, np.int32)
        place[households] = np.arange(households.size, dtype=np.int32)
        own = Accounts(
            place[cohort.household[accounts]],
            cohort.kind[accounts],
            cash[accounts],
            np.ones(accounts.size, np.bool_),
            np.zeros(accounts.size, np.int64),
            lot_start,
        )
        seen = _part(state, self._others.of_interest(households)[cohort.household])
        windows = self._others.windows(households, seen, ledger.world, (day, market.identical))
        if self._no_windows.any():
            windows = _closed(windows, self._no_windows[households])
        lots = _lots(table, self._kept)
        models = _models(weights)
        policy = self._row[households]
        book = Book(
            self._households(households, (own, lots, models), market, (tax, policy), last_trade),
            own,
            lots,
            models,
            policy_columns(self._profiles, date.fromordinal(day + _EPOCH), self._preferred),
            _NO_RULES if said is None else rules_on_night(said.rules, accounts, cohort.household.size),
            Groups(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0)) if said is None else said.groups,
            windows,
            tax[households],
            self._preferences,
            no_requests(households.size),
            _substitutes(weights, len(market.price)) if said is None else said.substitutes,
            self._limits,
        )
        return Night(with_mandates(book, market), households, accounts, rows)

    def _households(
        self,
        households: IntArray,
        held: tuple[Accounts, Lots, Models],
        market: Market,
        taxed: tuple[Table, NDArray[np.int32]],
        last_trade: NDArray[np.int32],
    ) -> Households:
        cohort, (accounts, lots, models), (tax, policy) = self._cohort, held, taxed
        count = households.size
        target = cohort.target[households]
        losses = unrealised_losses(count, accounts, lots, market.price)
        gains = gains_of_a_move(accounts, lots, market.price, models, target)
        rates = rates_tonight(tax[households], (losses, gains), self._profiles, policy)
        payouts = payout_rates(tax[households])
        sees = ~self._blind[policy]
        sizes = np.diff(cohort.account_start)[households]
        return Households(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            target,
            policy,
            np.zeros(count, np.int32) if cohort.said is None else households.astype(np.int32),
            np.where(sees, rates["short"], 0),
            np.where(sees, rates["long"], 0),
            np.where(sees, rates["loss_short"], 0),
            np.where(sees, rates["loss_long"], 0),
            payouts.ordinary,
            payouts.qualified,
            *deferred_dollars(payouts.ordinary, self._profiles, policy),
            np.full(count, RateOrigin.OWN, np.uint8),
            self._others.taxpayers(households),
            last_trade[households],
            np.zeros(count, np.bool_),
            *nothing_pinned(count),
        )


_EPOCH = date(1970, 1, 1).toordinal()

_NO_RULES = no_rules()


def _part(state: State, chosen: NDArray[np.bool_]) -> State:
    """Lots and sales of some accounts (A,)."""
    return state._replace(
        lots=state.lots[chosen[state.lots["account"]]], realized=state.realized[chosen[state.realized["account"]]]
    )


def _closed(windows: Windows, households: NDArray[np.bool_]) -> Windows:
    """Windows without those of some households (h,)."""
    sizes = np.where(households, 0, np.diff(windows.start))
    kept = ~np.repeat(households, np.diff(windows.start))
    return Windows(
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        windows.identical[kept],
        windows.no_buy_until[kept],
        windows.bought_shares[kept],
        windows.no_loss_until[kept],
    )


def _lots(table: Table, kept: IntArray) -> Lots:
    """Lots of the ledger as columns of a book, some names `kept`. A purchase can replace shares sold at a loss once."""
    marks = table["marks"]
    usable = (marks & (LotMark.REPLACEMENT | LotMark.ABSORBED)) == LotMark.REPLACEMENT
    flags = np.where(usable, LotFlag.REPLACEMENT, 0).astype(np.uint8)
    flags |= np.where(np.isin(table["name"], kept), LotFlag.KEPT, 0).astype(np.uint8)
    return Lots(
        table["security"].copy(),
        table["shares"].copy(),
        table["basis"].copy(),
        table["acquired"].copy(),
        table["holding_start"].copy(),
        flags,
    )


def _substitutes(weights: list[Weights], securities: int) -> Substitutes:
    """What may stand for what, by all targets."""
    pairs = sorted({pair for each in weights for pair in each.stand_ins})
    if not pairs:
        return no_substitutes(securities)
    wanted, others = np.array(pairs, np.int64).T
    start = np.searchsorted(wanted, np.arange(securities + 1)).astype(np.int64)
    return Substitutes(start, others.astype(np.int32), np.zeros(others.size, np.int32))


def _models(weights: list[Weights]) -> Models:
    sizes = [len(each.security) for each in weights]
    return Models(
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        np.concatenate([each.security for each in weights]).astype(np.int32),
        np.concatenate([each.weight for each in weights]),
        np.array([each.cash for each in weights]),
    )
