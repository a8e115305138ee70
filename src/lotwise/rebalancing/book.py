"""The book: all that is known of H households at one close, as columns.

Everything is a struct of arrays; offsets say where each household's and account's rows start (CSR: row r owns
entries start[r] to start[r + 1]). Households come in the order of their file, those of one taxpayer together where its
first stands; accounts sorted by household and, inside it, in the order in which they are solved (taxable, traditional,
Roth; then as in the file); lots by account, security, acquisition date and lot id. Money, shares and rates are
integers (`lotwise.money`); policy numbers that only steer the optimizer are floats.

`BookLabels` holds what people call the rows. No kernel needs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lotwise.households.accounts import AccountKind
from lotwise.ledger.events import Table
from lotwise.ledger.wash_sales import Windows
from lotwise.money import IntArray

__all__ = [
    "LIMITS",
    "AccountKind",
    "Accounts",
    "Book",
    "BookLabels",
    "Groups",
    "Households",
    "LotFlag",
    "Lots",
    "Models",
    "NameRule",
    "Policies",
    "Preferences",
    "RateOrigin",
    "RequestKind",
    "Requests",
    "RuleSets",
    "Substitutes",
    "Windows",
    "no_limits",
    "no_preferences",
    "no_requests",
    "no_substitutes",
    "nothing_pinned",
]

Int32Array = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.uint8]


class LotFlag(IntFlag):
    """What is special about a lot."""

    UNKNOWN_TAX = 1  # basis or date missing: never sold
    KEPT = 2  # never_sell by lot, purpose = hold / donate / step_up, or reserved by a pending order: never sold
    REPLACEMENT = 4  # its acquisition can replace shares sold at a loss (a purchase or a reinvestment)


class NameRule(IntFlag):
    """What a household may not do with one security."""

    NO_BUY = 1
    NO_SELL = 2


class RateOrigin(IntEnum):
    """Where a household's federal rates come from."""

    INCOME = 0  # the law, at its income
    OWN = 1  # rates of its own
    DEFAULT = 2  # the firm's


class RequestKind(IntEnum):
    """What a client asks for."""

    RAISE_CASH = 0  # so much cash, to be taken out
    INVEST_CASH = 1  # so much of the cash that is there, put to work
    RMD = 2  # so much out of a traditional account
    CLOSE = 3  # everything in the account sold
    HARVEST = 4  # so much loss of a term realised


class Lots(NamedTuple):
    """L lots."""

    security: Int32Array  # (L,) position in the market
    shares: IntArray  # (L,) millionths of a share, positive
    basis: IntArray  # (L,) adjusted basis of the whole lot, ten-thousandths of a dollar; 0 where unknown
    acquired: Int32Array  # (L,) trade date of the acquisition (wash windows); dates.NO_DATE where unknown
    holding_start: Int32Array  # (L,) date from which the holding period counts (differs from acquired if it tacks)
    flags: Flags  # (L,) LotFlag


class Accounts(NamedTuple):
    """A accounts."""

    household: Int32Array  # (A,)
    kind: Flags  # (A,) AccountKind
    cash: IntArray  # (A,) after pending orders; may be negative
    trades: NDArray[np.bool_]  # (A,) False: held away; counted in wash windows and in the target, not traded
    cash_wanted: IntArray  # (A,) money to hold in cash on top of the target; below zero: less (`mandates`)
    lot_start: IntArray  # (A + 1,)


class Households(NamedTuple):
    """H households."""

    account_start: IntArray  # (H + 1,)
    model: Int32Array  # (H,) row of Models
    policy: Int32Array  # (H,) row of Policies
    rules: Int32Array  # (H,) row of RuleSets
    short_rate: IntArray  # (H,) tax on a dollar of tonight's short-term gains, federal + state, billionths
    long_rate: IntArray  # (H,) the same of long-term gains
    loss_short_rate: IntArray  # (H,) what a dollar of short-term loss is worth, on average of tonight's, billionths
    loss_long_rate: IntArray  # (H,) the same of long-term loss
    ordinary_rate: IntArray  # (H,) tax on a dollar of interest and of dividends that do not qualify, billionths
    qualified_rate: IntArray  # (H,) the same of qualified dividends
    deferred_weight: Floats  # (H,) what a dollar in a traditional account counts, 0 to 1 (1: as any other)
    withdrawal_cost: Floats  # (H,) income tax and penalty on a dollar withdrawn from a traditional account
    rate_origin: Flags  # (H,) RateOrigin
    taxpayer: Int32Array  # (H,) equal for households that share wash sales (spouses filing apart); those are adjacent
    last_trade: Int32Array  # (H,) day of its last trade that is known; dates.NO_DATE where none is
    blocked: NDArray[np.bool_]  # (H,) True: refused for bad data; nothing of it is solved
    capped_lot: IntArray  # (H,) place among the household's lots of the one that is sold in part at most; -1 = none
    capped_shares: IntArray  # (H,) so many of it
    pinned_side: (
        IntArray  # (H,) 2 x an identical group that is not bought, or 2 x one not sold at a loss + 1; -1 = none
    )


def nothing_pinned(households: int) -> tuple[IntArray, IntArray, IntArray]:
    """Columns of households of which no lot is capped and no side pinned: the last three of `Households`."""
    none = np.full(households, -1, np.int64)
    return none, np.zeros(households, np.int64), none.copy()


class Models(NamedTuple):
    """M target portfolios; weights of a model and its cash sum to 1."""

    start: IntArray  # (M + 1,)
    security: Int32Array  # sorted within a model
    weight: Floats
    cash: Floats  # (M,) weight of CASH in the model


class Policies(NamedTuple):
    """P distinct policies (a profile after firm defaults and overrides), one row each; every array is (P,)."""

    risk_price: Floats  # p: dollars per dollar of value and unit of annual tracking variance
    deferral_discount: Floats  # delta: what a dollar of tax paid later costs today
    harvest_depth: Floats  # value / basis below which a loss earns its credit today (1: any loss; 0: none)
    trading_cost_multiplier: Floats  # 1 = the true cost is charged
    short_term_wait_cap: Floats  # most by which waiting for the anniversary is weighted (1: not at all)
    buy_opportunity_cost: Flags  # 1: a buy carries the cost of the losses it bars
    cash_target: Floats  # fraction of value
    cash_band: Floats  # fraction of value on either side
    minimum_trade: IntArray  # money
    fractional_shares: Flags
    joint: Flags  # 1: the household's accounts are solved as one portfolio; 0: each to its own target
    worth_it: Floats  # least improvement of the objective, dollars per dollar of value
    cash_reserve: IntArray  # money to keep in cash on top of the target, months of spending included
    location_years: Floats  # years of yearly cost that a place is charged for (0: location plays no role)
    preferences: Int32Array  # row of Preferences
    carried_loss_value: Floats  # of a dollar of loss carried on, share of the long-term rate; nan: losses not by law
    days_between: Floats  # days after a trade within which nothing is traded that need not be
    trading_price: Floats  # charged on every dollar bought or sold, so that a cap on turnover is kept (0: none)


class Preferences(NamedTuple):
    """What a household would rather hold where: S distinct sets, the first of them without any preference."""

    cost: Floats  # (S, C, 3) dollars per dollar and year, by asset class (Market.asset_class) and AccountKind


def no_preferences(classes: int = 1) -> Preferences:
    """Make the one set without any preference, for a market of so many asset classes ('' is one)."""
    return Preferences(np.zeros((1, classes, len(AccountKind))))


class RuleSets(NamedTuple):
    """R distinct sets of restrictions. A household points to one; row 0 is the set for all."""

    name_start: IntArray  # (R + 1,) rules on single securities
    name_security: Int32Array
    name_account: Int32Array  # account they hold for, -1 = every account of the household
    name_flags: Flags  # NameRule
    name_low: Floats  # least weight, fraction (0 = none)
    name_high: Floats  # greatest weight, fraction (1 = none)
    name_source: Int32Array  # row of restrictions.csv
    group_start: IntArray  # (R + 1,) rules on groups
    group: Int32Array  # row of Groups
    group_account: Int32Array
    group_low: Floats
    group_high: Floats
    group_source: Int32Array


class Groups(NamedTuple):
    """Sectors, industries, asset classes and screens that a rule bounds: each is a sparse row of coefficients."""

    start: IntArray  # (G + 1,)
    security: Int32Array  # sorted within a group
    coefficient: Floats  # 1, or the looked-through share of a fund


class Requests(NamedTuple):
    """Q requests of clients (mandates), sorted by household and, inside it, as in the file."""

    start: IntArray  # (H + 1,) requests of each household
    account: Int32Array  # (Q,) account that is meant, -1 = any account of the household
    kind: Flags  # (Q,) RequestKind
    amount: IntArray  # (Q,) money, positive; 0 of CLOSE
    term: Flags  # (Q,) of a HARVEST: 1 = long-term losses, 0 = short-term ones
    by: Int32Array  # (Q,) last day, not before the book's: what says none, or a day that has passed, is due tonight
    preserve_until: Int32Array  # (Q,) of a HARVEST: losses are kept until then; dates.NO_DATE = they need not be


def no_requests(households: int) -> Requests:
    """Requests of households that ask for nothing."""
    days, flags = np.zeros(0, np.int32), np.zeros(0, np.uint8)
    return Requests(
        np.zeros(households + 1, np.int64),
        days.copy(),
        flags.copy(),
        np.zeros(0, np.int64),
        flags.copy(),
        days.copy(),
        days.copy(),
    )


class Substitutes(NamedTuple):
    """What may stand for each of N securities: a row of securities, the first choice first.

    Those of one rank come as in the file until a risk model says which of them follows the security most closely.
    """

    start: IntArray  # (N + 1,)
    security: Int32Array
    rank: Int32Array  # not falling within a row; equal = no choice among them is named


def no_substitutes(securities: int) -> Substitutes:
    """Substitutes of securities for which none is named."""
    return Substitutes(np.zeros(securities + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32))


# One row per policy: hard limits (`limits`); infinite = none.
LIMITS = np.dtype(
    [
        ("tracking", np.float64),  # annual tracking error, fraction
        ("tax", np.float64),  # dollars in a calendar year
        ("tax_part", np.float64),  # the same as a fraction of value
        ("gain", np.float64),  # net gain realised in a calendar year, dollars
        ("turnover", np.float64),  # half of what is bought and sold in a night, fraction of value
        ("prorated", np.bool_),  # whether no more of the budgets may be used than of the year has passed
    ],
    align=True,
)


def no_limits(policies: int) -> Table:
    """Limits of policies that set none."""
    table = np.zeros(policies, LIMITS)
    for name in ("tracking", "tax", "tax_part", "gain", "turnover"):
        table[name] = np.inf
    return table


class Book(NamedTuple):
    """All that is known of H households at one close."""

    households: Households
    accounts: Accounts
    lots: Lots
    models: Models
    policies: Policies
    rules: RuleSets
    groups: Groups
    windows: Windows
    tax: Table  # (H,) POSITION: each household's year before tonight's trades; `lotwise.tax` holds the law
    preferences: Preferences
    requests: Requests
    substitutes: Substitutes
    limits: Table  # (P,) LIMITS


@dataclass(frozen=True, slots=True)
class BookLabels:
    """What people call the rows of a book, in the same order; lots, of which there are millions, as a column."""

    households: NDArray[np.str_]
    accounts: NDArray[np.str_]
    lots: pl.Series
    models: tuple[str, ...]
    groups: tuple[str, ...]  # "sector Energy", "screen tobacco"
    restrictions: tuple[str, ...]  # one line each, as it stands in the file, in the order of name_source
    policies: tuple[str, ...] = ()  # version of each policy; empty: not known
    restricted: tuple[str, ...] = ()  # what each of them is about: "screen tobacco", "symbol AAPL"; '' = makes no rule
    requests: tuple[str, ...] = ()  # request ids, in the order of Requests
