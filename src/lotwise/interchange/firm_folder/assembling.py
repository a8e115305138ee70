"""Putting a firm together from what was read of its folder, none of which stands in for anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from lotwise.households.policy_version import policy_version
from lotwise.interchange.firm_folder.book_building import AccountRows, LotColumns, PolicyTable, limits_of
from lotwise.interchange.firm_folder.files import FILE_ORDER
from lotwise.interchange.firm_folder.findings import FindingList
from lotwise.interchange.firm_folder.firm import Firm
from lotwise.interchange.firm_folder.households import Roster
from lotwise.interchange.firm_folder.lots import LotContext
from lotwise.interchange.firm_folder.models import ModelTable
from lotwise.interchange.firm_folder.prices import Prices, market_of
from lotwise.interchange.firm_folder.restrictions import RestrictionTable
from lotwise.interchange.firm_folder.rule_sets import RuleBook
from lotwise.interchange.firm_folder.securities import Securities
from lotwise.interchange.firm_folder.tax_positions import (
    TaxPositions,
    YearToDate,
    deferred_dollars,
    payout_rates,
    rates_tonight,
)
from lotwise.ledger.events import MISSING, Table
from lotwise.ledger.wash_sales import Windows
from lotwise.rebalancing.book import Accounts, Book, BookLabels, Households, Requests, Substitutes, nothing_pinned
from lotwise.rebalancing.mandates import with_mandates
from lotwise.rebalancing.nearest_substitutes import Lookthrough
from lotwise.rebalancing.unrealised import gains_of_a_move, unrealised_losses
from lotwise.risk.factor_model import FactorModel

__all__ = ["ReadClients", "ReadHoldings", "ReadMarket", "firm_of"]


@dataclass(frozen=True, slots=True)
class ReadMarket:
    """Securities, their prices and the models of them."""

    securities: Securities
    prices: Prices
    models: ModelTable


@dataclass(frozen=True, slots=True)
class ReadClients:
    """What households are managed by, and what they are taxed by."""

    model: NDArray[np.int32]  # of the chosen households
    policies: PolicyTable
    tax: TaxPositions  # of every household of the roster


@dataclass(frozen=True, slots=True)
class ReadHoldings:
    """What is held, and what may not be done with it."""

    rows: AccountRows
    accounts: Accounts
    lots: LotColumns
    windows: Windows
    rules: RuleBook
    restrictions: RestrictionTable
    requests: tuple[Requests, tuple[str, ...]]  # and their names
    substitutes: Substitutes
    lookthrough: Lookthrough
    year_to_date: YearToDate  # of every household of the roster
    last_trade: NDArray[np.int32]  # likewise


def _households(
    market: ReadMarket, roster: Roster, clients: ReadClients, holdings: ReadHoldings, tax: Table, findings: FindingList
) -> Households:
    """Columns of the chosen households; `tax` are their positions."""
    held = (holdings.accounts, holdings.lots.lots, market.prices.close)
    with ThreadPoolExecutor(max_workers=1) as beside:  # kernels hold no lock
        losses = beside.submit(unrealised_losses, len(tax), *held)
        gains = gains_of_a_move(*held, market.models.models, clients.model)
    policies = clients.policies
    rates = rates_tonight(tax, (losses.result(), gains), policies.profiles, policies.of_household)
    payouts = payout_rates(tax)
    return Households(
        holdings.rows.household_start,
        clients.model,
        policies.of_household,
        holdings.rules.of_household[roster.chosen],
        rates["short"].copy(),
        rates["long"].copy(),
        rates["loss_short"].copy(),
        rates["loss_long"].copy(),
        payouts.ordinary,
        payouts.qualified,
        *deferred_dollars(payouts.ordinary, policies.profiles, policies.of_household),
        clients.tax.origin[roster.chosen],
        roster.taxpayer[roster.chosen],
        holdings.last_trade[roster.chosen],
        # Last of all: by now everything has been looked at.
        np.array([findings.is_blocked(roster.ids[number]) for number in np.flatnonzero(roster.chosen)], dtype=np.bool_),
        *nothing_pinned(len(tax)),
    )


def firm_of(
    name: str,
    day: date,
    market: ReadMarket,
    context: LotContext,
    clients: ReadClients,
    holdings: ReadHoldings,
    risk_model: FactorModel | None,
    findings: FindingList,
) -> Firm:
    """Put a firm together from what was read, none of which stands in for anything."""
    roster = context.accounts.roster
    chosen = np.flatnonzero(roster.chosen)
    ids = [roster.ids[number] for number in chosen]
    tax = clients.tax.with_year_to_date(holdings.year_to_date)[chosen]
    book = Book(
        _households(market, roster, clients, holdings, tax, findings),
        holdings.accounts,
        holdings.lots.lots,
        market.models.models,
        clients.policies.policies,
        holdings.rules.sets,
        holdings.rules.groups,
        holdings.windows,
        tax,
        clients.policies.preferences,
        holdings.requests[0],
        holdings.substitutes,
        limits_of(clients.policies.profiles),
    )
    tonight = market_of(market.securities, market.prices, context.today)
    return Firm(
        name=name,
        as_of=day,
        book=with_mandates(book, tonight),
        labels=BookLabels(
            np.array(ids, dtype=np.str_),
            np.array([context.accounts.ids[number] for number in holdings.rows.source], dtype=np.str_),
            holdings.lots.names,
            market.models.names,
            holdings.rules.group_names,
            holdings.restrictions.words,
            tuple(policy_version(profile) for profile in clients.policies.profiles),
            holdings.restrictions.named,
            holdings.requests[1],
        ),
        market=tonight,
        market_labels=market.securities.labels,
        history=market.prices.history,
        risk_model=risk_model,
        findings=findings.all_sorted(FILE_ORDER),
        household_names=tuple(roster.frame["name"].fill_null("").gather(chosen).to_list()),
        profiles=clients.policies.profiles,
        lookthrough=holdings.lookthrough,
        fees=roster.frame["fee_bps"].fill_null(MISSING).to_numpy()[chosen],
        outside_gains=np.stack((clients.tax.outside_short, clients.tax.outside_long), axis=1)[chosen],
    )
